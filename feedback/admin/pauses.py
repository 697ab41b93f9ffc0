"""Pause review: could we really not go on?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common.errors import DomainError, Invalid
from config.common.keyset import part
from config.common.models import User
from config.common.screens import StaffRequest, page
from config.common.sheets import MOST_ROWS, Row, Table
from feedback.admin.access import needs
from feedback.admin.board import kept
from feedback.admin.files import answer, filters, offered
from feedback.cases.queries import visible_to
from feedback.models import Message, Pause
from feedback.org.queries import SEE_ALL, department_ids, remember
from feedback.supervision import pauses

REVIEWS = "feedback.review_pause"
SIZE = 20
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause with what a reviewer wants to know."""

    pause: Pause
    said: Message | None
    lasted: timedelta
    is_own: bool

    @property
    def is_over_cap(self) -> bool:
        """Whether it went on to the end of what its reason allows."""
        return self.pause.ends_by is not None and self.pause.to_at == self.pause.ends_by


@require_GET
@needs(REVIEWS)
def show(request: StaffRequest) -> HttpResponse:
    """What waits for a verdict, longest first; or with `done`, what has one, newest first."""
    return _render(request)


@require_POST
@needs(REVIEWS)
def decide(request: StaffRequest, pause_id: int) -> HttpResponse:
    """Accept or reject. What cannot be done comes back with the reason and with what was typed."""
    remark, verdict = request.POST.get("remark", ""), request.POST.get("verdict", "")
    if not _found(request.user, done=False).filter(pk=pause_id).exists():
        raise Http404
    try:
        pauses.review(
            pause_id=pause_id, verdict=verdict, remark=remark, actor=request.user, at=timezone.now()
        )
    except DomainError as error:
        return _render(request, failed=pause_id, error=str(error), typed=remark, status=error.status)
    messages.success(request, _("Noted; whoever paused was told."))
    return redirect("admin:pauses")


@require_GET
@needs(REVIEWS)
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The list as a file."""
    found, at = _found(request.user, done="done" in request.GET), timezone.now()
    number = found.order_by()[: MOST_ROWS + 1].count()
    table = Table("pauses", HEAD, number, lambda: _lines(found, at), filters(request))
    return answer(request, kind, table, back=reverse("admin:pauses"))


def waiting(user: User) -> QuerySet[Pause]:
    """What waits for this person's verdict."""
    remember(user)
    return _found(user, done=False).exclude(paused_by=user)


def _found(user: User, *, done: bool) -> QuerySet[Pause]:
    ours = department_ids(user)
    found = pauses.reviewed(ours) if done else pauses.to_review(ours)
    if user.has_perm(SEE_ALL):
        return found
    return found.filter(clock__case__in=visible_to(user).values("pk"))


def _render(request: StaffRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    at, done = timezone.now(), "done" in request.GET
    try:
        shown = part(
            _found(request.user, done=done),
            "reviewed_at" if done else "from_at",
            after=request.GET.get("after", ""),
            size=SIZE,
            newest_first=done,
        )
    except Invalid as error:
        raise Http404 from error
    said = pauses.last_words(shown.rows)
    context = {
        "rows": [
            Paused(
                one, said.get(one.pk), (one.to_at or at) - one.from_at, one.paused_by_id == request.user.pk
            )
            for one in shown.rows
        ],
        "after": shown.after,
        "done": done,
        "query": kept(request),
        "formats": offered(request),
        **more,
    }
    return page(request, "feedback/board/pauses.html", context, at=at, status=status)


HEAD = (
    gettext_lazy("case"), gettext_lazy("subject"), gettext_lazy("milestone"), gettext_lazy("department"),
    gettext_lazy("reason"), gettext_lazy("from"), gettext_lazy("until"), gettext_lazy("lasted (min)"),
    gettext_lazy("paused by"), gettext_lazy("verdict"), gettext_lazy("remark"), gettext_lazy("reviewed by"),
    gettext_lazy("reviewed"),
)  # fmt: skip


def _lines(found: QuerySet[Pause], at: datetime) -> Iterator[Row]:
    for one in found.iterator(CHUNK):
        yield [
            one.clock.about.number,
            one.clock.about.subject,
            one.clock.get_milestone_display(),
            str(one.clock.department),
            one.get_reason_display(),
            one.from_at,
            one.to_at,
            round(((one.to_at or at) - one.from_at).total_seconds() / 60, 1),
            str(one.paused_by or ""),
            one.get_verdict_display() if one.verdict else "",
            one.remark,
            str(one.reviewed_by or "") if one.verdict else "",
            one.reviewed_at,
        ]
