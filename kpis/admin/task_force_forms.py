"""What is filled in about task forces, their meetings and decisions."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from config.common.asked import within_years
from config.common.models import User
from feedback.models import Department
from kpis.admin.improvement_forms import day_input
from kpis.models import Meeting, PartIn, TaskForce
from kpis.models.task_force import NAMED, SAID, WEEKDAYS
from kpis.task_force.seats import MOST_SEATS, Seat

MORE_SEATS = 4
"""So many empty rows stand below those that are filled in."""
WEEK = timedelta(days=7)


class ForceForm(forms.Form):
    """What a task force is called and when it meets."""

    name = forms.CharField(label=_("name"), max_length=NAMED)
    weekday = forms.TypedChoiceField(
        label=pgettext_lazy("task force", "meets on"),
        choices=WEEKDAYS,
        coerce=int,
    )
    is_active = forms.BooleanField(
        label=pgettext_lazy("task force", "meets every week"), required=False, initial=True
    )


class SeatForm(forms.Form):
    """Somebody who is to be in it; without a name the row says nothing."""

    user = forms.TypedChoiceField(
        label=pgettext_lazy("task force", "who"), coerce=int, required=False, empty_value=None
    )
    department = forms.TypedChoiceField(label=_("department"), coerce=int, required=False, empty_value=None)
    part = forms.ChoiceField(
        label=pgettext_lazy("task force", "part"), choices=PartIn.choices, required=False
    )

    def __init__(self, *args: Any, people: Mapping[int, User], places: Mapping[int, Department], **more: Any):
        """Offer these people and departments: looked up once for all rows."""
        super().__init__(*args, **more)
        for name, rows in (("user", people), ("department", places)):
            field: Any = self.fields[name]
            field.choices = [("", "—"), *((pk, str(one)) for pk, one in rows.items())]

    def clean(self) -> dict[str, Any]:
        """Refuse half a row."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("user") and not given.get("department"):
            self.add_error("department", _("Choose a department."))
        return given


def staff() -> Any:
    """Who may be chosen."""
    return User.objects.filter(is_active=True, is_staff=True).order_by("name", "pk")


class SeatRows:
    """The rows of a task force as they were sent, or as they are kept, with some empty ones below."""

    def __init__(self, data: Mapping[str, Any] | None = None, force: TaskForce | None = None):
        """Look up who and what can be chosen, in two queries."""
        places = Department.objects.filter(is_active=True).order_by("name", "pk")
        self.people = {one.pk: one for one in staff()}
        self.places = {one.pk: one for one in places}
        if data is not None:
            given: list[Any] = [None for name in data if re.fullmatch(r"seat-\d+-user", name)]
        else:
            kept: list[Any] = list(force.members.values("user", "department", "part")) if force else []
            given = [*(kept or [{"part": PartIn.LEADER}]), *[{"part": PartIn.MEMBER}] * MORE_SEATS]
        self.forms = [
            SeatForm(data, initial=initial, prefix=f"seat-{number}", people=self.people, places=self.places)
            for number, initial in enumerate(given[: MOST_SEATS + MORE_SEATS])
        ]

    def is_valid(self) -> bool:
        """Whether each row is whole or empty."""
        return not [one for one in self.forms if not one.is_valid()]

    def seats(self) -> list[Seat]:
        """Who is to be in it."""
        rows = [one.cleaned_data for one in self.forms if one.cleaned_data.get("user")]
        return [
            Seat(self.people[row["user"]], self.places[row["department"]], row["part"] or PartIn.MEMBER)
            for row in rows
        ]


class DayForm(forms.Form):
    """A day of a meeting."""

    on = forms.DateField(
        label=pgettext_lazy("task force", "on"), validators=[within_years], widget=day_input()
    )


class DecisionForm(forms.Form):
    """What is decided, by whom it is done and until when."""

    use_required_attribute = False
    text = forms.CharField(
        label=pgettext_lazy("task force", "what is decided"),
        max_length=SAID,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    topic = forms.TypedChoiceField(
        label=pgettext_lazy("task force", "on topic"), coerce=int, required=False, empty_value=None
    )
    owner = forms.TypedChoiceField(label=pgettext_lazy("task force", "whose"), coerce=int)
    department = forms.ModelChoiceField(
        Department.objects.filter(is_active=True).order_by("name", "pk"),
        label=_("department"),
        required=False,
        empty_label=_("which the owner stands for"),
    )
    due_on = forms.DateField(
        label=pgettext_lazy("task force", "due"), validators=[within_years], widget=day_input()
    )


def decision_form(
    meeting: Meeting, topics: Sequence[tuple[int, str]], data: Any = None, *, topic: int | None = None
) -> DecisionForm:
    """The form of a decision, on a topic if one is named: due within a week unless said otherwise."""
    initial = {"due_on": timezone.localdate() + WEEK, "topic": topic}
    form = DecisionForm(data, prefix="decision", initial=initial, auto_id="id_%s")
    form.fields["topic"].choices = [("", _("none")), *topics]  # type: ignore[attr-defined]
    form.fields["owner"].choices = owners(meeting.task_force)  # type: ignore[attr-defined]
    for field in form.fields.values():
        field.widget.attrs["form"] = "meeting"
    if topic is not None:
        form.fields["text"].widget.attrs["autofocus"] = True
    return form


def owners(force: TaskForce) -> list[tuple[Any, Any]]:
    """Who may own a decision: the members, then the rest of the staff."""
    inside = set(force.members.values_list("user", flat=True))
    people = list(staff())
    return [
        ("", "—"),
        (pgettext("task force", "members"), [(one.pk, str(one)) for one in people if one.pk in inside]),
        (_("others"), [(one.pk, str(one)) for one in people if one.pk not in inside]),
    ]


class EntrustForm(forms.Form):
    """To whom and until when an open decision is given."""

    owner = forms.TypedChoiceField(label=pgettext_lazy("task force", "whose"), coerce=int)
    due_on = forms.DateField(
        label=pgettext_lazy("task force", "due"), validators=[within_years], widget=day_input()
    )


class OutcomeForm(forms.Form):
    """What came of a decision."""

    outcome = forms.CharField(
        label=pgettext_lazy("task force", "what came of it"),
        max_length=SAID,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
