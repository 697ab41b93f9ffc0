"""The roster: a department's week, an agent's times, and a table of them brought in as a file."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.base import File
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from compensation.shop_import.errors import FileError
from compensation.shop_import.maps import Source
from compensation.shop_import.readers import DELIMITERS, rows
from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.models import User
from config.common.screens import StaffRequest, page
from config.common.sheets import csv_response, xlsx_response
from feedback.admin.access import needs
from feedback.models import Agent, Leave, LeaveReason, Membership, Shift
from feedback.org.queries import departments_of
from feedback.shifts import commands, importing, roster

PLAN = "feedback.plan_roster"
LOOK = ("feedback.work_case", "feedback.see_board", PLAN)
AHEAD = timedelta(weeks=8)
LARGEST = 5 * 1024 * 1024
MOST_DEPARTMENTS = 6
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)
DAYS = (MinValueValidator(FIRST), MaxValueValidator(LAST))
FILES = {"csv": csv_response, "xlsx": xlsx_response}


@require_GET
@needs(*LOOK)
def week(request: StaffRequest) -> HttpResponse:
    """The week of each department that this person sees, or of the one that is asked for."""
    at = timezone.now()
    seen = list(departments_of(request.user).select_related("calendar").filter(is_active=True))
    chosen = [one for one in seen if one.pk == id_in(request.GET.get("department"))]
    first = roster.monday(_day(request.GET.get("week")))
    ours = set(_plannable(request.user).values_list("pk", flat=True))
    context = {
        "departments": seen,
        "chosen": chosen[0] if chosen else None,
        "weeks": roster.weeks(chosen or seen[:MOST_DEPARTMENTS], first, at),
        "is_cut": not chosen and len(seen) > MOST_DEPARTMENTS,
        "days": [first + timedelta(days=number) for number in range(roster.DAYS)],
        "today": timezone.localdate(at),
        "before": first - timedelta(days=7),
        "after": first + timedelta(days=7),
        "plannable": ours,
        "may_plan": request.user.has_perm(PLAN),
    }
    return page(request, "feedback/roster/week.html", context, at=at)


class TimesForm(forms.Form):
    """A shift on a day; an end before the beginning is on the next day."""

    day = forms.DateField(
        label=gettext_lazy("date"),
        validators=DAYS,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    begin = forms.TimeField(
        label=gettext_lazy("from"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    end = forms.TimeField(
        label=gettext_lazy("until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def span(self) -> tuple[datetime, datetime]:
        """Both ends as moments."""
        data = self.cleaned_data
        later = data["day"] if data["end"] > data["begin"] else data["day"] + timedelta(days=1)
        return _moment(data["day"], data["begin"]), _moment(later, data["end"])


class LeaveForm(forms.Form):
    """Leave from a day up to and including another, or for some hours of one."""

    day = forms.DateField(
        label=gettext_lazy("from this day"),
        validators=DAYS,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last = forms.DateField(
        label=gettext_lazy("up to and including"),
        validators=DAYS,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.ChoiceField(label=gettext_lazy("reason"), choices=LeaveReason.choices)
    note = forms.CharField(label=gettext_lazy("note"), max_length=200, required=False)

    def span(self) -> tuple[datetime, datetime]:
        """The first moment, and that after the last day."""
        data = self.cleaned_data
        return roster.midnight(data["day"]), roster.midnight(data["last"] + timedelta(days=1))


@require_http_methods(["GET", "POST"])
@needs(PLAN)
def agent(request: StaffRequest, agent_id: int) -> HttpResponse:
    """One agent's shifts and leave from a day on, with what can be added and taken back."""
    found = get_object_or_404(_plannable(request.user).select_related("user"), pk=agent_id)
    day = _day(request.GET.get("day"))
    times, leave = (
        TimesForm(initial={"day": day}, auto_id="shift-%s"),
        LeaveForm(initial={"day": day, "last": day}, auto_id="leave-%s"),
    )
    status = 200
    if request.method == "POST":
        times, leave, done = _post(request, found, times, leave)
        if done:
            messages.success(request, done)
            return redirect(f"{reverse('admin:roster-agent', args=[found.pk])}?day={day}")
        status = 400
    start = roster.midnight(roster.monday(day))
    within = {"agent": found, "ends_at__gt": start, "starts_at__lt": start + AHEAD}
    context = {
        "agent": found,
        "day": day,
        "shifts": Shift.objects.filter(**within),
        "leaves": Leave.objects.filter(**within),
        "times": times,
        "leave": leave,
    }
    return page(request, "feedback/roster/agent.html", context, status=status)


def _post(
    request: StaffRequest, found: Agent, times: TimesForm, leave: LeaveForm
) -> tuple[TimesForm, LeaveForm, str]:
    """Do what a button says; gives the forms as they are to be shown, and what was done."""
    act, at = request.POST.get("act", ""), timezone.now()
    try:
        if act == "shift":
            times = TimesForm(request.POST, auto_id="shift-%s")
            return times, leave, _shift(times, found, request.user, at) if times.is_valid() else ""
        if act == "leave":
            leave = LeaveForm(request.POST, auto_id="leave-%s")
            return times, leave, _leave(leave, found, request.user, at) if leave.is_valid() else ""
        remove = REMOVALS.get(act)
        if remove is None:
            raise Http404
        return times, leave, remove(found, id_in(request.POST.get("row")) or 0, request.user, at)
    except DomainError as error:
        form = times if act == "shift" else leave
        if form.is_bound:
            form.add_error(None, str(error))
        else:
            messages.warning(request, str(error))
        return times, leave, ""


def _shift(form: TimesForm, found: Agent, user: User, at: datetime) -> str:
    start, end = form.span()
    commands.plan_shift(agent_id=found.pk, starts_at=start, ends_at=end, actor=user, at=at)
    return _("On the roster.")


def _leave(form: LeaveForm, found: Agent, user: User, at: datetime) -> str:
    start, end = form.span()
    data = form.cleaned_data
    commands.plan_leave(
        agent_id=found.pk,
        starts_at=start,
        ends_at=end,
        reason=LeaveReason(data["reason"]),
        note=data["note"],
        actor=user,
        at=at,
    )
    return _("Leave is put down.")


def _remove_shift(found: Agent, row: int, user: User, at: datetime) -> str:
    get_object_or_404(Shift, pk=row, agent=found)
    commands.remove_shift(shift_id=row, actor=user, at=at)
    return _("Taken off the roster.")


def _remove_leave(found: Agent, row: int, user: User, at: datetime) -> str:
    get_object_or_404(Leave, pk=row, agent=found)
    commands.remove_leave(leave_id=row, actor=user, at=at)
    return _("Leave is taken back.")


REMOVALS: dict[str, Callable[[Agent, int, User, datetime], str]] = {
    "remove-shift": _remove_shift,
    "remove-leave": _remove_leave,
}


class FileForm(forms.Form):
    """A table of shifts and leave."""

    file = forms.FileField(label=gettext_lazy("CSV or XLSX file"))
    replace = forms.BooleanField(
        label=gettext_lazy("take off what else the same agents have on these days"), required=False
    )

    def clean_file(self) -> "File[bytes]":
        """Refuse what is too large for a roster."""
        file: File[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(_("The file is too large."))
        return file


@require_http_methods(["GET", "POST"])
@needs(PLAN)
def bring(request: StaffRequest) -> HttpResponse:
    """Bring a file in: all of its lines or none, with each mistake named."""
    form = FileForm(request.POST or None, request.FILES or None)
    faults: list[str] = []
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            entries = importing.read(_table(data["file"]), _by_name(request.user))
            done = importing.bring(
                entries=entries, replace=data["replace"], actor=request.user, at=timezone.now()
            )
        except importing.BadRoster as error:
            form.add_error(None, str(error))
            faults = error.faults
        except DomainError as error:
            form.add_error("file", str(error))
        else:
            messages.success(
                request,
                _("%(shifts)s shifts and %(leave)s times of leave were taken; %(known)s were there already.")
                % {"shifts": done.shifts, "leave": done.leave, "known": done.known},
            )
            first = timezone.localdate(min(entry.starts_at for entry in entries))
            return redirect(f"{reverse('admin:roster')}?week={first}")
    status = 400 if form.is_bound else 200
    context = {"form": form, "faults": faults, "columns": importing.COLUMNS, "formats": FILES}
    return page(request, "feedback/roster/bring.html", context, status=status)


@require_GET
@needs(PLAN)
def template(request: StaffRequest, kind: str) -> HttpResponse:
    """An empty roster of next week, with a line for each agent, to be filled in and brought back."""
    make = FILES.get(kind)
    if make is None:
        raise Http404
    first = roster.monday(timezone.localdate()) + timedelta(days=7)
    agents = _plannable(request.user).select_related("user").order_by("user__name", "pk")
    own = 0 if (get_language() or "").startswith("en") else 1
    header = [titles[own] for titles in importing.COLUMNS.values()]
    lines = [[one.user.get_username(), str(first), "09:00", "18:00", ""] for one in agents]
    return make("roster", [header, *lines])  # type: ignore[return-value]  # a stream, which is a response too


def _table(file: "File[bytes]") -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of an uploaded file by column.

    Raises:
        FileError: it is no table.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, "roster" + Path(file.name or "").suffix.lower())
        content = file.read()
        path.write_bytes(content)
        head = content.partition(b"\n")[0]
        delimiter = max(DELIMITERS, key=lambda one: head.count(one.encode()))
        for row in rows(path, Source(path.name, delimiter=delimiter), set()):
            if row.fault:
                raise FileError(_("Line %(line)s: %(problem)s") % {"line": row.line, "problem": row.fault})
            yield row.line, row.cells


def _by_name(user: User) -> dict[str, list[int]]:
    """Those whom one may plan for, by what a file may call them."""
    found: dict[str, list[int]] = {}
    for pk, account, name in _plannable(user).values_list("pk", "user__username", "user__name"):
        for called in {account.casefold(), name.casefold()} - {""}:
            found.setdefault(called, []).append(pk)
    return found


def _plannable(user: User) -> QuerySet[Agent]:
    """The active agents of the departments that this person sees, when they plan at all."""
    if not user.has_perm(PLAN):
        return Agent.objects.none()
    places = Membership.objects.filter(department__in=departments_of(user).values("pk"))
    return Agent.objects.filter(pk__in=places.values("agent"), is_active=True, user__is_active=True)


def _day(text: str | None) -> date:
    try:
        day = parse_date(text or "")
    except ValueError:
        day = None
    return day if day and FIRST <= day <= LAST else timezone.localdate()


def _moment(day: date, clock: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock))
