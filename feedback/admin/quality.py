"""Quality: conversations to score, the page to score one on, what agents see of it, coaching."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common.errors import DomainError, Invalid, NotFound, NotPermitted
from config.common.keyset import part
from config.common.models import User
from config.common.screens import StaffRequest, page
from config.common.sheets import MOST_ROWS, Row, Table
from feedback.admin.access import needs
from feedback.admin.board import kept
from feedback.admin.files import answer, filters, offered
from feedback.admin.quality_drawing import offers
from feedback.admin.sheet import Sheet
from feedback.cases.queries import get_for as case_for
from feedback.models import AppealStatus, CheckStatus, QualityCheck, QualityScore
from feedback.org.queries import remember
from feedback.quality import commands, queries
from feedback.quality.rules import Points

REVIEWS, WORKS = queries.REVIEW, "feedback.work_case"
DAYS = 90
SIZE = 30
CHUNK = 1_000
NOT_APPLICABLE = "-"
TABS = {
    "waiting": gettext_lazy("To be scored"),
    "scored": gettext_lazy("Scored"),
    "appeals": gettext_lazy("Appeals"),
    "agents": gettext_lazy("By agent"),
    "calibration": gettext_lazy("Calibration"),
    "coaching": gettext_lazy("Coaching"),
}
LISTS = {"waiting": "drawn_at", "scored": "scored_at", "appeals": "scored_at"}


@require_GET
@needs(REVIEWS)
def show(request: StaffRequest) -> HttpResponse:
    """What there is to score, and what came of it."""
    at, tab = timezone.now(), _tab(request)
    context: dict[str, Any] = {"tabs": TABS.items(), "tab": tab, "days": DAYS, "formats": offered(request)}
    since = at - timedelta(days=DAYS)
    if tab in LISTS:
        context |= _listed(request, tab)
        if tab == "waiting":
            context |= offers(request.user)
    elif tab == "agents":
        context["agents"] = queries.by_agent(request.user, since=since, until=at)
    elif tab == "calibration":
        context["pairs"] = queries.calibration(request.user, since=since)
    else:
        context["notes"] = queries.coaching_of(request.user)[:SIZE]
        context["today"] = timezone.localdate(at)
    context["query"] = f"tab={tab}"
    return page(request, "feedback/quality/list.html", context, at=at)


@require_GET
@needs(WORKS, REVIEWS)
def mine(request: StaffRequest) -> HttpResponse:
    """How one's own conversations were judged, and what was agreed."""
    at = timezone.now()
    checks = list(queries.mine(request.user)[:SIZE])
    context = {"checks": checks, "notes": queries.coaching_of(request.user).filter(agent__user=request.user)}
    return page(request, "feedback/quality/mine.html", context, at=at)


@require_GET
@needs(WORKS, REVIEWS)
def check(request: StaffRequest, check_id: int) -> HttpResponse:
    """A conversation and its form, or its scores."""
    return _page(request, check_id)


@require_POST
@needs(WORKS, REVIEWS)
def act(request: StaffRequest, check_id: int, name: str) -> HttpResponse:
    """Do one thing with a check; what is refused comes back with what was chosen and typed."""
    try:
        found = queries.get_for(request.user, check_id)
        action = ACTIONS[name]
        told = action(request, found)
    except (NotFound, KeyError) as error:
        raise Http404 from error
    except DomainError as error:
        return _page(request, check_id, error=str(error), typed=request.POST, status=error.status)
    messages.success(request, told)
    if name == "score" and (following := queries.to_score(request.user).first()):
        return redirect("admin:quality_check", following.pk)
    return (
        redirect("admin:quality") if name in {"score", "skip"} else redirect("admin:quality_check", check_id)
    )


@require_POST
@needs(REVIEWS)
def follow_up(request: StaffRequest, note_id: int) -> HttpResponse:
    """Say what came of a coaching note."""
    if not queries.coaching_of(request.user).filter(pk=note_id).exists():
        raise Http404
    try:
        outcome = request.POST.get("outcome", "")
        commands.follow_up(note_id=note_id, outcome=outcome, actor=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Noted."))
    return redirect(f"{reverse('admin:quality')}?tab=coaching")


@require_GET
@needs(REVIEWS)
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The list of a tab as a file."""
    tab = _tab(request)
    found = _found(request.user, tab if tab in LISTS else "scored")
    number = found.order_by()[: MOST_ROWS + 1].count()
    table = Table("quality", HEAD, number, lambda: _lines(found), filters(request))
    return answer(request, kind, table, back=reverse("admin:quality"))


def waiting(user: User) -> QuerySet[QualityCheck]:
    """The conversations that wait to be scored by this person."""
    remember(user)
    return queries.to_score(user)


def _tab(request: StaffRequest) -> str:
    asked = request.GET.get("tab", "")
    return asked if asked in TABS else "waiting"


def _found(user: User, tab: str) -> QuerySet[QualityCheck]:
    lists = {"waiting": queries.to_score, "scored": queries.scored, "appeals": queries.appeals}
    return lists[tab](user)


def _listed(request: StaffRequest, tab: str) -> dict[str, Any]:
    try:
        shown = part(
            _found(request.user, tab),
            LISTS[tab],
            after=request.GET.get("after", ""),
            size=SIZE,
            newest_first=tab != "waiting",
        )
    except Invalid as error:
        raise Http404 from error
    return {"checks": shown.rows, "after": shown.after, "kept": kept(request)}


def _page(request: StaffRequest, check_id: int, *, status: int = 200, **more: Any) -> HttpResponse:
    at, user = timezone.now(), request.user
    try:
        found = queries.get_for(user, check_id)
    except NotFound as error:
        raise Http404 from error
    is_own = found.agent.user_id == user.pk
    if is_own:
        commands.see(check_id=check_id, actor=user, at=at)
    scores = queries.scores_for(user, found)
    appeal = getattr(found, "appeal", None)
    may_judge = user.has_perm(REVIEWS) and not is_own
    has_scored = any(one.by_id == user.pk for one in scores)
    waits = found.status == CheckStatus.WAITING
    context: dict[str, Any] = {
        "check": found,
        "name": queries.in_language(found.form, "name"),
        "items": _items(found, scores, more.get("typed")),
        "scores": scores,
        "is_own": is_own,
        "appeal": appeal,
        "scores_now": may_judge and waits and not has_scored,
        "waits_for_other": waits and has_scored,
        "decides": may_judge and not has_scored and appeal is not None and appeal.status == AppealStatus.OPEN,
        "coaches": may_judge and found.status == CheckStatus.SCORED,
        "notes": queries.coaching_of(user).filter(check_of=found),
        **more,
    }
    try:
        case = case_for(user, found.case_id)
    except NotFound:
        context["case"] = None  # it has gone where this person sees none
    else:
        context |= {"case": case, "sheet": Sheet(request, case, at)}
    return page(request, "feedback/quality/check.html", context, at=at, status=status)


def _items(found: QualityCheck, scores: list[QualityScore], typed: QueryDict | None) -> list[dict[str, Any]]:
    """The items of the form with what each may get, what it got, and what was chosen just now."""
    items = []
    for row in found.form["items"]:
        key, best = row["key"], row["best"]
        items.append(
            {
                "key": key,
                "name": queries.in_language(row, "name"),
                "hint": queries.in_language(row, "hint"),
                "weight": row["weight"],
                "critical": row["critical"],
                "choices": [*map(str, range(best + 1)), NOT_APPLICABLE],
                "chosen": typed.get(f"points-{key}") if typed else None,
                "remark": typed.get(f"remark-{key}", "") if typed else "",
                "best": best,
                "given": [(one, one.points.get(key), one.remarks.get(key, "")) for one in scores],
            }
        )
    return items


def _points(request: StaffRequest, found: QualityCheck) -> Points:
    """What was chosen for each item; what was not chosen is missing.

    Raises:
        Invalid: something that is no number.
    """
    chosen: dict[str, int | None] = {}
    for item in found.form["items"]:
        value = request.POST.get(f"points-{item['key']}", "")
        if value == NOT_APPLICABLE:
            chosen[item["key"]] = None
        elif value.isascii() and value.isdigit() and len(value) <= 2:  # noqa: PLR2004 - no more than 10 points
            chosen[item["key"]] = int(value)
        elif value:
            raise Invalid
    return chosen


def _score(request: StaffRequest, found: QualityCheck) -> str:
    case_for(request.user, found.case_id)
    commands.score(
        check_id=found.pk,
        points=_points(request, found),
        remarks={item["key"]: request.POST.get(f"remark-{item['key']}", "") for item in found.form["items"]},
        remark=request.POST.get("remark", ""),
        actor=request.user,
        at=timezone.now(),
    )
    return _("Scored.")


def _skip(request: StaffRequest, found: QualityCheck) -> str:
    commands.skip(check_id=found.pk, actor=request.user, at=timezone.now())
    return _("Put aside.")


def _appeal(request: StaffRequest, found: QualityCheck) -> str:
    commands.appeal(
        check_id=found.pk,
        text=request.POST.get("text", ""),
        is_appeal=request.POST.get("kind") == "appeal",
        actor=request.user,
        at=timezone.now(),
    )
    return _("Noted.")


def _decide(request: StaffRequest, found: QualityCheck) -> str:
    again = request.POST.get("verdict") == "change"
    commands.decide(
        check_id=found.pk,
        answer=request.POST.get("answer", ""),
        points=_points(request, found) if again else None,
        actor=request.user,
        at=timezone.now(),
    )
    return _("Decided; the agent was told.")


def _coach(request: StaffRequest, found: QualityCheck) -> str:
    asked = request.POST.get("follow_up_on", "")
    try:
        day = date.fromisoformat(asked) if asked else None
    except ValueError as error:
        raise Invalid(_("This is no date.")) from error
    if found.agent.user_id == request.user.pk:
        raise NotPermitted
    commands.coach(
        agent_id=found.agent_id,
        text=request.POST.get("text", ""),
        follow_up_on=day,
        check_id=found.pk,
        actor=request.user,
        at=timezone.now(),
    )
    return _("Noted; the agent was told.")


ACTIONS = {"score": _score, "skip": _skip, "appeal": _appeal, "decide": _decide, "coach": _coach}

HEAD = (
    gettext_lazy("case"), gettext_lazy("agent"), gettext_lazy("department"), gettext_lazy("scorecard"),
    gettext_lazy("conversation ended"), gettext_lazy("drawn"), gettext_lazy("scored"),
    gettext_lazy("score (%)"), gettext_lazy("failed"), gettext_lazy("seen by the agent"),
    gettext_lazy("appeal"),
)  # fmt: skip


def _lines(found: QuerySet[QualityCheck]) -> Iterator[Row]:
    for one in found.select_related("appeal").iterator(CHUNK):
        appeal = getattr(one, "appeal", None)
        moment: datetime | None = one.scored_at
        yield [
            one.case.number,
            str(one.agent),
            str(one.department),
            str(one.scorecard),
            one.ended_at,
            one.drawn_at,
            moment,
            float(one.score) if one.score is not None else None,
            _("yes") if one.has_failed else "",
            one.seen_at,
            appeal.get_status_display() if appeal else "",
        ]
