"""The breach list: every promise that was not kept, where, whose, and by how much."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from config.common.errors import Invalid
from config.common.keyset import part
from config.common.models import User
from config.common.screens import StaffRequest, page
from config.common.sheets import Row, csv_response, xlsx_response
from feedback.admin.access import needs
from feedback.admin.board import SEES, kept, seen_clocks
from feedback.clocks.queries import breaches
from feedback.clocks.states import state_of
from feedback.models import Clock, Department, Milestone
from feedback.org.queries import departments_of

MOST_ROWS = 20_000
CHUNK = 2_000
FILES = {"csv": csv_response, "xlsx": xlsx_response}
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

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        """Offer the departments that this person sees."""
        super().__init__(*args, **kwargs)
        self.departments = departments_of(user)
        field: forms.ModelChoiceField[Department] = self.fields["department"]  # type: ignore[assignment]  # is one
        field.queryset = self.departments

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
        return breaches(
            self.chosen(),
            since=_midnight(data["since"]) if data["since"] else None,
            until=_midnight(data["until"] + timedelta(days=1)) if data["until"] else None,
            milestones=[data["milestone"]] if data["milestone"] else (),
            is_running=STILL.get(data["still"]),
        )


@require_GET
@needs(SEES)
def breach_list(request: StaffRequest) -> HttpResponse:
    """The list; for htmx with `after`, its next rows."""
    at = timezone.now()
    form = FilterForm(request.user, request.GET)
    context: dict[str, Any] = {"form": form, "query": kept(request), "formats": FILES}
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
    }
    template = "rows" if request.htmx and "after" in request.GET else "breaches"
    return page(request, f"feedback/board/{template}.html", context, at=at)


@require_GET
@needs(SEES)
def export(request: StaffRequest, kind: str) -> HttpResponse:
    """The list as a file; one that is too long is refused rather than cut off."""
    if kind not in FILES:
        raise Http404
    at = timezone.now()
    form = FilterForm(request.user, request.GET)
    back = redirect(f"{reverse('admin:breaches')}?{kept(request)}")
    if not form.is_valid():
        return back
    found = seen_clocks(request.user, form.found())
    if found.order_by()[: MOST_ROWS + 1].count() > MOST_ROWS:
        told = _("A file holds up to %(most)s rows: choose a shorter time or one department.")
        messages.error(request, told % {"most": MOST_ROWS})
        return back
    name = f"breaches-{timezone.localtime(at):%Y%m%d-%H%M}"
    return FILES[kind](name, _lines(found, at))  # type: ignore[return-value]  # a stream, which is a response


def late_by(clock: Clock, at: datetime) -> timedelta:
    """How long after its due time it was met or let go, or how late it is by now."""
    return (clock.met_at or clock.stopped_at or clock.paused_at or at) - clock.due_at


def _lines(found: QuerySet[Clock], at: datetime) -> Iterator[Row]:
    yield [
        str(name)
        for name in (
            _("case"), _("subject"), _("milestone"), _("member"), _("department"), _("agent"),
            _("SOP policy"), _("version"), _("started"), _("due"), _("met"), _("state"), _("late by (min)"),
        )
    ]  # fmt: skip
    for clock in found.iterator(CHUNK):
        case, version = clock.case, clock.policy_version
        yield [
            case.number,
            case.subject,
            clock.get_milestone_display(),
            str(case.member),
            str(clock.department),
            str(case.agent or ""),
            str(version.policy),
            version.number,
            clock.started_at,
            clock.due_at,
            clock.met_at,
            str(state_of(clock, at).label),
            round(late_by(clock, at).total_seconds() / 60, 1),
        ]


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
