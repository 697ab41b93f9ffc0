"""When interviewers are free, and what is arranged: a week at a time, as a calendar."""

from datetime import date, datetime, timedelta

from django import forms
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in, in_years
from config.common.errors import DomainError
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.listening import perform
from surveys.interviews import queries, slots

VIEW, HOLD = "surveys.view_interview", "surveys.hold_interview"
DAYS = 7


class SlotsForm(forms.Form):
    """Times that somebody is free, one after another on a day."""

    day = forms.DateField(label=gettext_lazy("day"), widget=forms.DateInput(attrs={"type": "date"}))
    first = forms.TimeField(label=gettext_lazy("first at"), widget=forms.TimeInput(attrs={"type": "time"}))
    number = forms.IntegerField(label=gettext_lazy("how many"), min_value=1, max_value=12, initial=4)
    minutes = forms.IntegerField(
        label=gettext_lazy("minutes each"), min_value=slots.SHORTEST, max_value=slots.LONGEST, initial=30
    )
    place = forms.CharField(label=pgettext_lazy("interview", "where"), max_length=slots.PLACE, required=False)


def week_of(text: str | None, at: datetime) -> date:
    """The Monday of a week such as "2026-W12", else of this one.

    Raises:
        Http404: it is none.
    """
    if not text:
        today = timezone.localdate(at)
        return today - timedelta(days=today.weekday())
    try:
        monday = date.fromisoformat(f"{text}-1")
    except ValueError as error:
        raise Http404 from error
    if not in_years(monday):
        raise Http404
    return monday


def named(day: date) -> str:
    """The week of a day as addresses name it."""
    return f"{day:%G-W%V}"


def calendar_of(day: date) -> str:
    """The address of the week of a day."""
    return f"{reverse('admin:interview_times')}?week={named(day)}"


@require_GET
@needs(VIEW)
def times(request: StaffRequest) -> HttpResponse:
    """When interviewers of one's own departments are free, and what is arranged."""
    return _times(request, request.GET)


def _times(request: StaffRequest, asked: QueryDict, form: SlotsForm | None = None) -> HttpResponse:
    at, user = timezone.now(), request.user
    monday = week_of(asked.get("week"), at)
    chosen, is_free = asked.get("who", ""), asked.get("free") == "1"
    who = id_in(chosen)
    people = list(queries.interviewers_for(user))
    if chosen and who not in {one.pk for one in people}:
        raise Http404
    week = queries.week(user, monday, interviewer=who, only_free=is_free)
    today = timezone.localdate(at)
    first = max(monday, today + timedelta(days=1))
    context = {
        "days": [(day, day == today) for day in week.days],
        "rows": week.rows,
        "week": named(monday),
        "before": named(monday - timedelta(days=DAYS)),
        "after": named(monday + timedelta(days=DAYS)),
        "this": named(today),
        "people": people,
        "who": who,
        "is_free": is_free,
        "form": form or SlotsForm(initial={"day": first}),
        "may_hold": user.has_perm(HOLD),
        "failed": form is not None,
    }
    return page(request, "surveys/interviews/times.html", context, at=at, status=400 if form else 200)


@require_POST
@needs(HOLD)
def add_times(request: StaffRequest) -> HttpResponse:
    """Offer times of one's own."""
    form, at = SlotsForm(request.POST), timezone.now()
    if not form.is_valid():
        return _times(request, request.POST, form)
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
        return _times(request, request.POST, form)
    return redirect(calendar_of(asked["day"]))


@require_POST
@needs(HOLD)
def remove_time(request: StaffRequest, pk: int) -> HttpResponse:
    """Offer a time no longer."""
    monday = week_of(request.POST.get("week"), timezone.now())
    return perform(
        request,
        HOLD,
        lambda: slots.remove(slot_id=pk, interviewer=request.user),
        lambda error: _refused(request, error),
        lambda _none: redirect(calendar_of(monday)),
    )


def _refused(request: StaffRequest, error: DomainError) -> HttpResponse:
    form = SlotsForm(request.POST)
    form.is_valid()
    form.errors.clear()
    form.add_error(None, str(error))
    return _times(request, request.POST, form)


TIMES_PAGES = [
    Page("interviews/times/", times, "interview_times"),
    Page("interviews/times/add/", add_times, "interview_times_add"),
    Page("interviews/times/<int:pk>/remove/", remove_time, "interview_time_remove"),
]
