"""Interviews: the month's board, one interview with its guide beside notes and passages, times, themes."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, Stale
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.listening import perform
from feedback.cases.queries import visible_to
from surveys.interviews import commands, noting, proposing, queries, rules, slots
from surveys.interviews.words import segment_names, why
from surveys.models import (
    Interview,
    InterviewGuide,
    InterviewQuota,
    InterviewState,
    InterviewTerms,
    Theme,
)
from surveys.models.questionnaire import in_language
from surveys.needs import queries as needs_queries

VIEW, HOLD = "surveys.view_interview", "surveys.hold_interview"
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


class SlotsForm(forms.Form):
    """Times that somebody is free, one after another on a day."""

    day = forms.DateField(label=gettext_lazy("day"), widget=forms.DateInput(attrs={"type": "date"}))
    first = forms.TimeField(label=gettext_lazy("first at"), widget=forms.TimeInput(attrs={"type": "time"}))
    number = forms.IntegerField(label=gettext_lazy("how many"), min_value=1, max_value=12, initial=4)
    minutes = forms.IntegerField(
        label=gettext_lazy("minutes each"), min_value=slots.SHORTEST, max_value=slots.LONGEST, initial=30
    )
    place = forms.CharField(label=pgettext_lazy("interview", "where"), max_length=slots.PLACE, required=False)


@require_GET
@needs(VIEW)
def times(request: StaffRequest) -> HttpResponse:
    """When interviewers are free, and what is arranged."""
    return _times(request)


def _times(request: StaffRequest, form: SlotsForm | None = None) -> HttpResponse:
    at = timezone.now()
    mine = request.GET.get("mine") == "1"
    rows = list(queries.slots(request.user if mine else None, at)[: SOON + 1])
    context = {
        "rows": rows[:SOON],
        "more": len(rows) > SOON,
        "mine": mine,
        "form": form or SlotsForm(initial={"day": timezone.localtime(at).date() + timedelta(days=1)}),
        "may_hold": request.user.has_perm(HOLD),
        "failed": form is not None,
    }
    return page(request, "surveys/interviews/times.html", context, at=at, status=400 if form else 200)


@require_POST
@needs(HOLD)
def add_times(request: StaffRequest) -> HttpResponse:
    """Offer times of one's own."""
    form, at = SlotsForm(request.POST), timezone.now()
    if not form.is_valid():
        return _times(request, form)
    asked = form.cleaned_data
    first = timezone.make_aware(datetime.combine(asked["day"], asked["first"]))
    starts = [first + place * timedelta(minutes=asked["minutes"]) for place in range(asked["number"])]
    try:
        slots.add(
            interviewer=request.user,
            starts=starts,
            minutes=asked["minutes"],
            place=asked["place"],
            at=at,
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return _times(request, form)
    return redirect("admin:interview_times")


@require_POST
@needs(HOLD)
def remove_time(request: StaffRequest, pk: int) -> HttpResponse:
    """Offer a time no longer."""
    return perform(
        request,
        HOLD,
        lambda: slots.remove(slot_id=pk, interviewer=request.user),
        lambda error: _refused(request, error),
        lambda _none: redirect("admin:interview_times"),
    )


def _refused(request: StaffRequest, error: DomainError) -> HttpResponse:
    form = SlotsForm(request.POST)
    form.is_valid()
    form.errors.clear()
    form.add_error(None, str(error))
    return _times(request, form)


@require_GET
@needs(VIEW)
def themes(request: StaffRequest) -> HttpResponse:
    """The code book: what passages are about, and how many are."""
    context = {"rows": queries.themes(), "may_add": request.user.has_perm("surveys.add_theme")}
    return page(request, "surveys/interviews/themes.html", context)


@admin.register(InterviewGuide)
class InterviewGuideAdmin(ModelAdmin):
    """What is asked, one question a line."""

    list_display = ["__str__", "code", "is_active"]


@admin.register(Theme)
class ThemeAdmin(ModelAdmin):
    """The code book."""

    list_display = ["__str__", "code", "about"]


@admin.register(InterviewQuota)
class InterviewQuotaAdmin(ModelAdmin):
    """How the interviews of a month are spread over segments."""

    list_display = ["position", "segment", "most"]
    list_display_links = ["segment"]
    list_select_related = ["segment"]


@admin.register(InterviewTerms)
class InterviewTermsAdmin(ModelAdmin):
    """How many, and by what weights."""

    def has_add_permission(self, request: Any) -> bool:  # noqa: ARG002 - Django's
        """There is one row."""
        return False

    def has_delete_permission(self, request: Any, obj: InterviewTerms | None = None) -> bool:  # noqa: ARG002 - Django's
        """It stays."""
        return False


INTERVIEW_PAGES = [
    Page("interviews/", board, "interviews"),
    Page("interviews/propose/", propose, "interviews_propose"),
    Page("interviews/times/", times, "interview_times"),
    Page("interviews/times/add/", add_times, "interview_times_add"),
    Page("interviews/times/<int:pk>/remove/", remove_time, "interview_time_remove"),
    Page("interviews/themes/", themes, "interview_themes"),
    Page("interviews/<int:pk>/", interview_page, "interview"),
    Page("interviews/<int:pk>/<slug:name>/", act, "interview_act"),
]
INTERVIEW_MENU = [MenuItem(gettext_lazy("Interviews"), "interviews", "forum", (VIEW,), group="customers")]
