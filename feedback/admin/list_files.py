"""The lists of our own pages as files: one table says which, for whom, and what is in each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from compensation.batches import queries as batch_queries
from compensation.finance import sheets
from compensation.finance.queries import Report
from compensation.models import Batch, BatchRefund, Flow
from config.common.admin.history import SEES as SEES_HISTORY
from config.common.admin.history import asked_changes
from config.common.asked import id_in
from config.common.changes import Change, told
from config.common.money import yuan_from_fen
from config.common.registry import Page
from config.common.screens import StaffRequest
from config.common.sheets import MOST_ROWS, Row, Table
from feedback.admin import (
    articles,
    batches,
    board,
    claims,
    crisis_files,
    finance,
    gap_files,
    gaps,
    playbooks,
    quality,
    voice,
)
from feedback.admin.access import needs
from feedback.admin.files import answer, filters
from feedback.admin.voice_search import READS
from feedback.cases.queries import visible_to
from feedback.clocks.states import state_of
from feedback.knowledge import report as knowledge
from feedback.playbooks import queries as uses
from feedback.playbooks import report as outcomes
from feedback.quality import queries as checks

CHUNK = 1_000
MANY = 200
Head = tuple[str | Promise, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that can be taken out: who sees its page, which that is, its columns and its rows."""

    sees: tuple[str, ...]
    page: str
    head: Head
    make: Callable[[StaffRequest], tuple[int, Callable[[], Iterator[Row]]]]


def _clocks(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    at = timezone.now()
    found = board.asked_clocks(request, at).order_by("due_at", "pk")

    def rows() -> Iterator[Row]:
        for clock in found.iterator(CHUNK):
            about = clock.about
            yield [
                about.number, about.subject, clock.get_milestone_display(), str(about.member),
                str(clock.department), str(getattr(about, "agent", None) or ""), clock.started_at,
                clock.due_at, str(state_of(clock, at).label),
            ]  # fmt: skip

    return found.order_by()[: MOST_ROWS + 1].count(), rows


def _requests(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    found = list(uses.open_requests(playbooks.within_reach(request)))

    def rows() -> Iterator[Row]:
        for one in found:
            order = one.case.order
            yield [
                one.get_kind_display(), one.case.number, str(one.case.member), str(order or ""),
                order.total_fen / 100 if order else None, one.note, str(one.asked_by or ""), one.asked_at,
            ]  # fmt: skip

    return len(found), rows


def _playbooks(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    at = timezone.now()
    since = at - timedelta(days=playbooks.DAYS)
    found = outcomes.rows(visible_to(request.user), since=since, until=at)

    def rows() -> Iterator[Row]:
        for one in found:
            hours = round(one.to_resolve.total_seconds() / 3600, 2) if one.to_resolve is not None else None
            yield [str(one.playbook), one.uses, one.resolved, one.reopened, hours, one.rating, one.rated]

    return len(found), rows


def _knowledge(_request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    at = timezone.now()
    found = knowledge.articles(since=at - timedelta(days=articles.DAYS), until=at)

    def rows() -> Iterator[Row]:
        for one in found:
            yield [one.title, one.shown, one.inserted, one.answered, one.answer_helped, one.yes, one.no]

    return len(found), rows


def _agents(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    at = timezone.now()
    found = checks.by_agent(request.user, since=at - timedelta(days=quality.DAYS), until=at)

    def rows() -> Iterator[Row]:
        for one in found:
            yield [str(one.agent), one.n, round(one.mean, 2) if one.mean is not None else None, one.failed]

    return len(found), rows


def _calibration(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    found = checks.calibration(request.user, since=timezone.now() - timedelta(days=quality.DAYS))

    def rows() -> Iterator[Row]:
        for one in found:
            said = one.agreement
            yield [str(one.first), str(one.second), said.n, said.difference, said.apart, said.kappa]

    return len(found), rows


def _coaching(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    found = checks.coaching_of(request.user)

    def rows() -> Iterator[Row]:
        for one in found.iterator(CHUNK):
            case = one.check_of.case.number if one.check_of else ""
            yield [str(one.agent), case, one.text, str(one.by), one.at, one.follow_up_on, one.outcome]

    return found.order_by()[: MOST_ROWS + 1].count(), rows


def _changes(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    found = asked_changes(request).order_by("-at", "-pk")

    def rows() -> Iterator[Row]:
        batch: list[Any] = []
        for event in found.iterator(CHUNK):
            batch.append(event)
            if len(batch) == MANY:
                yield from _edits(told(batch))
                batch = []
        yield from _edits(told(batch))

    return found.order_by()[: MOST_ROWS + 1].count(), rows


def _edits(edits: list[Change]) -> Iterator[Row]:
    """A row for each thing that an edit changed."""
    for one in edits:
        for differs in one.differences:
            op = str(OPS.get(one.op, one.op))
            yield [one.at, one.who, op, one.kind, one.what, differs.name, differs.before, differs.after]


def _batch(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    one = get_object_or_404(Batch, pk=id_in(request.GET.get("batch")) or 0)
    found = batch_queries.report(one)

    def rows() -> Iterator[Row]:
        for item in found.iterator(CHUNK):
            yield [
                item.member.external_id, " ".join(item.about), item.get_status_display(),
                batch_queries.shown(item.why), item.done_at,
                *_refunds(list(item.refunds.all())),
            ]  # fmt: skip

    return found.order_by()[: MOST_ROWS + 1].count(), rows


def _refunds(orders: list[BatchRefund]) -> list[object]:
    """The orders of a member that go back, how much that is, and the others with the reason."""
    back = [one for one in orders if not one.why]
    return [
        " ".join(one.order.external_id for one in back),
        yuan_from_fen(sum(one.fen for one in back)),
        " ".join(f"{one.order.external_id}: {one.get_why_display()}" for one in orders if one.why),
    ]


def _finance(rows: Callable[[Report], Iterator[Row]]) -> Callable[[StaffRequest], Any]:
    def make(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
        found = list(rows(finance.asked(request)[0]))
        return len(found), lambda: iter(found)

    return make


OPS = {
    "insert": pgettext_lazy("history", "added"),
    "update": pgettext_lazy("history", "changed"),
    "delete": pgettext_lazy("history", "removed"),
}
LISTS: dict[str, Listed] = {
    "board-clocks": Listed(
        (board.SEES,), "board",
        (_("case"), _("subject"), _("milestone"), _("member"), _("department"), _("agent"), _("started"),
         _("due"), _("state")), _clocks,
    ),
    "requests": Listed(
        (playbooks.END,), "remedy_requests",
        (_("remedy"), _("case"), _("member"), _("order"), _("total (yuan)"), _("note"), _("asked by"),
         _("asked")), _requests,
    ),
    "playbooks": Listed(
        (playbooks.FIGURES,), "playbook_figures",
        (_("playbook"), _("uses"), _("resolved"), _("reopened"), _("to resolution (h, median)"),
         _("CSAT (1–5)"), _("rated")), _playbooks,
    ),
    "articles": Listed(
        articles.FIGURES, "knowledge_figures",
        (_("article"), _("Suggested (cases)"), _("Inserted"), _("Automatic answers"), _("it helped"),
         _("Members helped"), _("Members not helped")), _knowledge,
    ),
    "gap-scenes": Listed(
        (gaps.VIEW,), "gap-scenes",
        (_("About"), _("Severity"), _("Cause"), _("Region"), _("Number")), gap_files.scenes,
    ),
    "hot-spots": Listed(
        (gaps.VIEW,), "hot_spots",
        (_("Where"), _("Kind"), _("Grown"), _("Gaps"), pgettext_lazy("exposure", "of"), _("Rate (%)"),
         _("at least (%)"), _("at most (%)"), _("Usual rate (%)"), _("By chance")), gap_files.spots,
    ),
    "crisis-report": Listed(
        (crisis_files.VIEW,), "crises",
        (pgettext_lazy("crisis", "Of"), _("What"), _("Value")), crisis_files.report,
    ),
    "findings": Listed(
        (claims.VIEW,), "findings",
        (_("What"), _("Words"), pgettext_lazy("finding", "Why"), _("channel"), _("product"),
         pgettext_lazy("advert", "Claim"), _("state"), _("found")), gap_files.findings,
    ),
    "voices": Listed(
        (READS,), "voices",
        (_("Product"), _("product category"), _("Moved"), pgettext_lazy("voice", "Change"), _("at least"),
         _("at most"), _("Mean stars"), "n", pgettext_lazy("voice", "Before"), _("n before"),
         _("One or two stars (%)")), voice.file,
    ),
    "quality-agents": Listed(
        (quality.REVIEWS,), "quality",
        (_("agent"), _("Checked"), _("Mean score"), _("Failed")), _agents,
    ),
    "calibration": Listed(
        (quality.REVIEWS,), "quality",
        (_("first"), _("second"), _("Conversations"), _("Second minus first (points of 100)"),
         _("Mean distance"), _("Weighted kappa")), _calibration,
    ),
    "coaching": Listed(
        (quality.REVIEWS,), "quality",
        (_("agent"), _("case"), _("what was agreed"), _("by"), _("at"), _("look again on"),
         _("what came of it")), _coaching,
    ),
    "batch": Listed(
        (batches.VIEW,), "batches",
        (_("member"), _("chosen for"), _("state"), pgettext_lazy("batch", "why"), _("at"),
         _("orders refunded"), _("refund (yuan)"), _("orders not refunded")), _batch,
    ),
    "finance": Listed(
        (finance.SEES,), "finance",
        (_("Unit"), _("What"), _("Kind"), _("Amount"), _("Entries")), _finance(sheets.statement_rows),
    ),
    "finance-reasons": Listed(
        (finance.SEES,), "finance",
        (_("Unit"), _("Cause"), _("Department"), *(one.label for one in Flow), _("still held")),
        _finance(sheets.reason_rows),
    ),
    "finance-promised": Listed(
        (finance.SEES,), "finance",
        (_("What"), _("Status"), _("Cause"), _("Department"), pgettext_lazy("finance", "Number"),
         _("Amount")), _finance(sheets.promised_rows),
    ),
    "changes": Listed(
        (SEES_HISTORY,), "history",
        (_("at"), pgettext_lazy("history", "Who"), _("what was done"), _("kind"),
         pgettext_lazy("history", "What"), _("field"), _("before"), _("after")), _changes,
    ),
}  # fmt: skip
"""The lists by the name in their address. Each stands in the table of permissions, which a test walks."""


@require_GET
@needs(*sorted({name for one in LISTS.values() for name in one.sees}))
def export(request: StaffRequest, name: str, kind: str) -> HttpResponseBase:
    """One of the lists as a file, narrowed down as its page is."""
    listed = LISTS.get(name)
    if listed is None:
        raise Http404
    if not any(request.user.has_perm(one) for one in listed.sees):
        raise PermissionDenied
    number, rows = listed.make(request)
    table = Table(name, listed.head, number, rows, filters(request))
    return answer(request, kind, table, back=reverse(f"admin:{listed.page}"))


LIST_PAGES = [Page("lists/<slug:name>/<slug:kind>/", export, "list_export")]
