"""Interviews: the month's board, and one interview with its guide beside notes and passages."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, Stale
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.listening import perform
from feedback.cases.queries import visible_to
from surveys.admin.interview_settings import THEME_PAGES
from surveys.admin.interview_times import HOLD, TIMES_PAGES, VIEW
from surveys.interviews import commands, noting, proposing, queries, rules
from surveys.interviews.words import segment_names, why
from surveys.models import Interview, InterviewGuide, InterviewState, Theme
from surveys.models.questionnaire import in_language
from surveys.needs import queries as needs_queries

NOT_HELD = (InterviewState.MISSED, InterviewState.DECLINED, InterviewState.DROPPED)
SOON = 60  # slots on the page


def interviewers() -> list[User]:
    """Who can hold interviews."""
    found = User.objects.filter(is_active=True, is_staff=True).order_by("username")
    return [one for one in found if one.has_perm(HOLD)]


def _month(text: str, at: datetime) -> date:
    """The month of an address, else this one.

    Raises:
        Http404: it is none.
    """
    if not text:
        return rules.first_of(timezone.localtime(at).date())
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Http404 from error


@require_GET
@needs(VIEW)
def board(request: StaffRequest) -> HttpResponse:
    """A month: proposed, invited, arranged, held."""
    return _board(request, _month(request.GET.get("month", ""), timezone.now()))


def _board(request: StaffRequest, month: date, *, error: DomainError | None = None) -> HttpResponse:
    found = queries.board(month)
    names = segment_names()
    before, after = month - timedelta(days=1), month + timedelta(days=32)
    context = {
        "month": month,
        "before": rules.first_of(before),
        "after": rules.first_of(after),
        "columns": [
            (
                InterviewState(state).label,
                state,
                [(one, why(one), names.get(one.segment, one.segment)) for one in found[state]],
            )
            for state in queries.COLUMNS
        ],
        "others": [(one, why(one)) for state in NOT_HELD for one in found[state]],
        "number": sum(len(found[state]) for state in queries.COLUMNS),
        "interviewers": interviewers(),
        "guides": InterviewGuide.objects.filter(is_active=True),
        "may_hold": request.user.has_perm(HOLD),
        "error": error,
    }
    return page(request, "surveys/interviews/board.html", context, status=error.status if error else 200)


@require_POST
@needs(HOLD)
def propose(request: StaffRequest) -> HttpResponse:
    """Propose the members of a month, as many as are missing."""
    at = timezone.now()
    month = _month(request.POST.get("month", ""), at)
    return perform(
        request,
        HOLD,
        lambda: proposing.propose(month=month, actor=request.user, at=at),
        lambda error: _board(request, month, error=error),
        lambda _made: redirect(f"/admin/interviews/?month={month:%Y-%m}"),
    )


@require_GET
@needs(VIEW)
def interview_page(request: StaffRequest, pk: int) -> HttpResponse:
    """One interview: the guide beside notes and passages."""
    return _show(request, pk)


def _show(
    request: StaffRequest, pk: int, *, error: DomainError | None = None, typed: str | None = None
) -> HttpResponse:
    found = get_object_or_404(
        Interview.objects.select_related("member__tier", "interviewer", "guide", "slot"), pk=pk
    )
    at, user = timezone.now(), request.user
    guide = found.guide
    cases = visible_to(user).filter(member=found.member_id).order_by("-opened_at")[:5]
    context = {
        "interview": found,
        "why": why(found),
        "segment": segment_names().get(found.segment, found.segment),
        "questions": rules.questions(in_language(guide.questions, guide.questions_en)) if guide else [],
        "passages": queries.passages(found),
        "themes": Theme.objects.all(),
        "all_needs": needs_queries.standing().order_by("name", "pk")[: needs_queries.MOST],
        "offered": queries.offered(found, at)[:SOON] if found.state in queries.OPEN else [],
        "cases": cases,
        "may_hold": user.has_perm(HOLD),
        "coded": id_in(request.GET.get("passage")) if user.has_perm(HOLD) else None,
        "is_noted": found.state in noting.NOTED,
        "interviewers": interviewers(),
        "guides": InterviewGuide.objects.filter(is_active=True),
        "error": error,
        "typed": typed,
    }
    return page(
        request, "surveys/interviews/interview.html", context, at=at, status=error.status if error else 200
    )


def _arranging(request: StaffRequest, who: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """What leads up to the talk."""
    given = request.POST

    def invite() -> Interview:
        chosen = User.objects.filter(pk=id_in(given.get("interviewer")) or 0).first()
        if chosen is None or not chosen.has_perm(HOLD):
            raise Invalid(_("Choose who holds the interview."))
        guide = InterviewGuide.objects.filter(pk=id_in(given.get("guide")) or 0, is_active=True).first()
        return commands.invite(**who, interviewer=chosen, guide=guide)

    def arrange() -> Interview:
        slot = id_in(given.get("slot"))
        if slot is None:
            raise Invalid(_("Choose a time."))
        return commands.choose(**who, slot_id=slot)

    return {
        "invite": invite,
        "arrange": arrange,
        "swap": lambda: commands.swap(**who),
        "drop": lambda: commands.drop(**who),
        "decline": lambda: commands.decline(**who, because=given.get("because", "")),
        "hold": lambda: commands.hold(**who),
        "miss": lambda: commands.miss(**who),
    }


def _noting(request: StaffRequest, who: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """What is kept of it."""
    given = request.POST
    passage: dict[str, Any] = {
        "passage_id": id_in(given.get("passage")) or 0,
        "actor": who["actor"],
        "at": who["at"],
    }
    about: dict[str, Any] = {
        "themes": _chosen(given.getlist("theme")),
        "needs_of": _chosen(given.getlist("need")),
    }
    version = id_in(given.get("version")) or 0
    return {
        "notes": lambda: noting.write(**who, text=given.get("notes", ""), version=version),
        "agree": lambda: noting.agree(**who, agrees=given.get("agrees") == "1"),
        "recording": lambda: noting.keep_recording(**who, link=given.get("recording", "")),
        "passage": lambda: noting.add_passage(**who, text=given.get("text", ""), **about),
        "code": lambda: noting.code(**passage, **about),
        "remove": lambda: noting.remove_passage(**passage),
    }


@require_POST
@needs(HOLD)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Invite, swap, drop, arrange, move, hold, miss, note, code."""
    who: dict[str, Any] = {"interview_id": pk, "actor": request.user, "at": timezone.now()}
    moves = {**_arranging(request, who), **_noting(request, who)}
    if name not in moves:
        raise Http404
    if name == "notes" and request.headers.get("Accept") == "application/json":
        return _saved(moves[name])
    back = request.POST.get("back") == "board"

    def again(error: DomainError) -> HttpResponse:
        if back:
            month = get_object_or_404(Interview, pk=pk).month
            return _board(request, month, error=error)
        return _show(request, pk, error=error, typed=request.POST.get("notes") if name == "notes" else None)

    def done(_result: Any) -> HttpResponse:
        if back or name == "swap":
            month = get_object_or_404(Interview, pk=pk).month
            return redirect(f"/admin/interviews/?month={month:%Y-%m}")
        return redirect("admin:interview", pk)

    return perform(request, HOLD, moves[name], again, done)


def _saved(what: Callable[[], Any]) -> JsonResponse:
    """The notes were saved as they were typed; or somebody else wrote meanwhile."""
    try:
        kept = what()
    except Stale as error:
        return JsonResponse({"detail": str(error), **error.details}, status=409)
    except DomainError as error:
        return JsonResponse({"detail": str(error)}, status=error.status)
    return JsonResponse({"version": kept.notes_version})


def _chosen(texts: list[str]) -> list[int]:
    return [key for one in texts if (key := id_in(one)) is not None]


INTERVIEW_PAGES = [
    Page("interviews/", board, "interviews"),
    Page("interviews/propose/", propose, "interviews_propose"),
    *TIMES_PAGES,
    *THEME_PAGES,
    Page("interviews/<int:pk>/", interview_page, "interview"),
    Page("interviews/<int:pk>/<slug:name>/", act, "interview_act"),
]
INTERVIEW_MENU = [MenuItem(gettext_lazy("Interviews"), "interviews", "forum", (VIEW,), group="customers")]
