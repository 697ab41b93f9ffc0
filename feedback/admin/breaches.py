"""The breach audit: every promise that was not kept, where, whose, by how much, and why."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, NotFound
from config.common.keyset import part
from config.common.models import User
from config.common.screens import StaffRequest, page
from config.common.sheets import MOST_ROWS, Row, Table
from feedback.admin.access import needs
from feedback.admin.board import SEES, kept, seen_clocks
from feedback.admin.files import answer, filters, offered
from feedback.clocks.queries import breaches
from feedback.clocks.states import state_of
from feedback.models import BreachCause, Channel, Clock, Department, Milestone
from feedback.org.queries import departments_of
from feedback.supervision import causes
from feedback.supervision.causes import pareto
from feedback.supervision.counts import CHANNEL

CHUNK = 2_000
BACK = timedelta(days=30)
AUDITS = "feedback.audit_breach"
UNCODED = "none"
DAYS = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31)))
STILL = {"yes": True, "no": False}


class FilterForm(forms.Form):
    """What the list is narrowed to."""

    department = forms.ModelChoiceField(
        Department.objects.none(),
        required=False,
        label=gettext_lazy("department"),
        empty_label=gettext_lazy("all departments"),
    )
    milestone = forms.ChoiceField(
        choices=[("", gettext_lazy("all milestones")), *Milestone.choices],
        required=False,
        label=gettext_lazy("milestone"),
    )
    since = forms.DateField(
        required=False,
        validators=DAYS,
        label=gettext_lazy("from this day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        required=False,
        validators=DAYS,
        label=gettext_lazy("up to and including"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    still = forms.ChoiceField(
        choices=[
            ("", gettext_lazy("all")),
            ("yes", gettext_lazy("still to be met")),
            ("no", gettext_lazy("over")),
        ],
        required=False,
        label=gettext_lazy("state"),
    )

    channel = forms.ChoiceField(
        choices=[("", gettext_lazy("all channels")), *Channel.choices],
        required=False,
        label=gettext_lazy("channel"),
    )
    cause = forms.ChoiceField(required=False, label=gettext_lazy("cause"))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        """Offer the departments that this person sees, and the causes."""
        super().__init__(*args, **kwargs)
        self.departments = departments_of(user)
        field: forms.ModelChoiceField[Department] = self.fields["department"]  # type: ignore[assignment]  # is one
        field.queryset = self.departments
        causes = [(str(cause.pk), str(cause)) for cause in BreachCause.objects.all()]
        cause: forms.ChoiceField = self.fields["cause"]  # type: ignore[assignment]  # is one
        cause.choices = [("", _("all causes")), (UNCODED, _("not looked at yet")), *causes]

    def clean(self) -> dict[str, Any]:
        """Refuse a time that ends before it begins."""
        data = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            raise forms.ValidationError(_("The time ends before it begins."))
        return data

    def chosen(self) -> list[Department]:
        """The department that is asked about, or all that this person sees."""
        one = self.cleaned_data["department"]
        return [one] if one else list(self.departments)

    def found(self) -> QuerySet[Clock]:
        """The breaches, latest first."""
        data = self.cleaned_data
        found = breaches(
            self.chosen(),
            since=_midnight(data["since"]) if data["since"] else None,
            until=_midnight(data["until"] + timedelta(days=1)) if data["until"] else None,
            milestones=[data["milestone"]] if data["milestone"] else (),
            is_running=STILL.get(data["still"]),
        )
        if data["channel"]:
            found = found.alias(channel=CHANNEL).filter(channel=data["channel"])
        if cause := data["cause"]:
            found = found.filter(breach_note__cause=None if cause == UNCODED else cause)
        return found

    @property
    def is_dated(self) -> bool:
        """Whether it says from when on."""
        return bool(self.cleaned_data["since"] or self.cleaned_data["until"])


@require_GET
@needs(SEES)
def breach_list(request: StaffRequest) -> HttpResponse:
    """The list, and what the causes add up to; for htmx with `after`, its next rows."""
    return _page(request)


def _page(request: StaffRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    at = timezone.now()
    form = FilterForm(request.user, request.GET)
    context: dict[str, Any] = {"form": form, "query": kept(request), "formats": offered(request), **more}
    if not form.is_valid():
        return page(request, "feedback/board/breaches.html", context, at=at, status=400)
    found = seen_clocks(request.user, form.found())
    try:
        shown = part(
            found,
            "breached_at",
            after=request.GET.get("after", ""),
            newest_first=True,
            by=[Q(department=one) for one in form.chosen()],
        )
    except Invalid as error:
        raise Http404 from error
    context |= {
        "rows": [(clock, state_of(clock, at), late_by(clock, at)) for clock in shown.rows],
        "after": shown.after,
        "is_first": "after" not in request.GET,
        "audits": request.user.has_perm(AUDITS),
    }
    if request.htmx and "after" in request.GET:
        return page(request, "feedback/board/rows.html", context, at=at)
    context |= {
        "bars": pareto(found if form.is_dated else found.filter(breached_at__gte=at - BACK)),
        "days": None if form.is_dated else BACK.days,
        "choices": BreachCause.objects.filter(is_active=True),
    }
    return page(request, "feedback/board/breaches.html", context, at=at, status=status)


@require_POST
@needs(AUDITS)
def note(request: StaffRequest) -> HttpResponse:
    """Say why some breaches happened; what is refused comes back with what was chosen and typed."""
    ids = [pk for one in request.POST.getlist("clock") if (pk := id_in(one))]
    cause, remark = id_in(request.POST.get("cause")), request.POST.get("remark", "")
    ours = Clock.objects.filter(department__in=departments_of(request.user), pk__in=ids)
    try:
        if seen_clocks(request.user, ours).count() != len(set(ids)):
            raise NotFound
        notes = causes.note(
            clock_ids=ids, cause_id=cause or 0, remark=remark, actor=request.user, at=timezone.now()
        )
    except DomainError as error:
        return _page(request, error=str(error), typed=remark, chosen=set(ids), status=error.status)
    told = ngettext("Noted for %(n)s breach.", "Noted for %(n)s breaches.", len(notes))
    messages.success(request, told % {"n": len(notes)})
    return redirect(f"{reverse('admin:breaches')}?{kept(request)}")


@require_GET
@needs(SEES)
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The list as a file; one that is too long is refused rather than cut off."""
    form = FilterForm(request.user, request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('admin:breaches')}?{kept(request)}")
    found, at = seen_clocks(request.user, form.found()), timezone.now()
    number = found.order_by()[: MOST_ROWS + 1].count()
    table = Table("breaches", HEAD, number, lambda: _lines(found, at), filters(request))
    return answer(request, kind, table, back=reverse("admin:breaches"))


def late_by(clock: Clock, at: datetime) -> timedelta:
    """How long after its due time it was met or let go, or how late it is by now."""
    return (clock.met_at or clock.stopped_at or clock.paused_at or at) - clock.due_at


HEAD = (
    gettext_lazy("case"), gettext_lazy("subject"), gettext_lazy("milestone"), gettext_lazy("member"),
    gettext_lazy("department"), gettext_lazy("agent"), gettext_lazy("SOP policy"), gettext_lazy("version"),
    gettext_lazy("started"), gettext_lazy("due"), gettext_lazy("met"), gettext_lazy("state"),
    gettext_lazy("late by (min)"), gettext_lazy("cause"), gettext_lazy("remark"), gettext_lazy("noted by"),
    gettext_lazy("noted"),
)  # fmt: skip


def _lines(found: QuerySet[Clock], at: datetime) -> Iterator[Row]:
    for clock in found.iterator(CHUNK):
        about, version = clock.about, clock.policy_version
        yield [
            about.number,
            about.subject,
            clock.get_milestone_display(),
            str(about.member),
            str(clock.department),
            str((clock.case and clock.case.agent) or ""),
            str(version.policy),
            version.number,
            clock.started_at,
            clock.due_at,
            clock.met_at,
            str(state_of(clock, at).label),
            round(late_by(clock, at).total_seconds() / 60, 1),
            *_said(clock),
        ]


def _said(clock: Clock) -> tuple[object, ...]:
    note = getattr(clock, "breach_note", None)
    return (str(note.cause), note.remark, str(note.by), note.at) if note else ("", "", "", None)


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
