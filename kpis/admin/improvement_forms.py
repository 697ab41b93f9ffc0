"""What is filled in about improvements."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.asked import within_years
from config.common.models import User
from feedback.models import Department
from kpis.deadlines.people import with_right
from kpis.improvements.commands import Aim
from kpis.improvements.held import VIEW
from kpis.models import Dimension, Improvement, ImprovementKind, ImprovementStatus, MetricCode, Verdict
from kpis.models.improvement import NAMED, WORDS
from kpis.models.metric import KEY

NONE = ("", _("all"))
AIM = ("metric", "expected", "dimension", "key", "control_key", "window")


def day_input() -> forms.DateInput:
    """A box for a day."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


UNJUDGED = "none"
"""How an address calls improvements without a verdict."""


class ImprovementFilter(forms.Form):
    """What the list is narrowed to."""

    status = forms.ChoiceField(label=_("state"), required=False, choices=[NONE, *ImprovementStatus.choices])
    kind = forms.ChoiceField(label=_("kind"), required=False, choices=[NONE, *ImprovementKind.choices])
    verdict = forms.ChoiceField(
        label=pgettext_lazy("improvement", "verdict"),
        required=False,
        choices=[NONE, *Verdict.choices, (UNJUDGED, _("no verdict yet"))],
    )
    department = forms.ModelChoiceField(
        Department.objects.all(), label=_("department"), required=False, empty_label=NONE[1]
    )
    page = forms.IntegerField(min_value=0, max_value=10_000, required=False, widget=forms.HiddenInput)


class AboutForm(forms.Form):
    """What it is about, and the figure that is to become better."""

    title = forms.CharField(label=_("title"), max_length=NAMED)
    kind = forms.ChoiceField(label=_("kind"), choices=ImprovementKind.choices)
    problem = forms.CharField(
        label=_("what falls short"),
        max_length=WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    metric = forms.ChoiceField(label=_("figure"), required=False, choices=[("", "—"), *MetricCode.choices])
    expected = forms.DecimalField(
        label=_("better by"),
        required=False,
        max_digits=12,
        decimal_places=3,
        help_text=Improvement._meta.get_field("expected").help_text,
    )
    dimension = forms.ChoiceField(label=_("told apart by"), required=False, choices=Dimension.choices)
    key = forms.CharField(
        label=_("of"),
        required=False,
        max_length=KEY,
        help_text=_("The number of a department or agent, the code or name of the others."),
    )
    control_key = forms.CharField(
        label=_("compared with"),
        required=False,
        max_length=KEY,
        help_text=Improvement._meta.get_field("control_key").help_text,
    )
    window = forms.IntegerField(
        label=_("compared over (days)"),
        initial=28,
        min_value=7,
        max_value=91,
        help_text=Improvement._meta.get_field("window").help_text,
    )

    def aim(self) -> Aim:
        """The figure that was chosen."""
        return Aim(**{name: self.cleaned_data[name] for name in AIM})


class ImprovementForm(AboutForm):
    """The same of a new one, with whose it is."""

    department = forms.ModelChoiceField(Department.objects.none(), label=_("department"))
    field_order = ("title", "kind", "department")


class DayForm(forms.Form):
    """A day."""

    due_on = forms.DateField(validators=[within_years])


class TaskForm(forms.Form):
    """What has to be done, by whom and until when."""

    text = forms.CharField(label=_("task"), max_length=400)
    owner = forms.ModelChoiceField(
        User.objects.none(), label=pgettext_lazy("improvement", "whose"), required=False
    )
    due_on = forms.DateField(
        label=pgettext_lazy("improvement", "due"),
        required=False,
        validators=[within_years],
        widget=day_input(),
    )


class GroundForm(forms.Form):
    """A figure over some days that bears a why out."""

    metric = forms.ChoiceField(label=_("figure"), choices=MetricCode.choices)
    dimension = forms.ChoiceField(label=_("told apart by"), required=False, choices=Dimension.choices)
    key = forms.CharField(label=_("of"), required=False, max_length=KEY)
    first = forms.DateField(label=_("from"), validators=[within_years], widget=day_input())
    last = forms.DateField(label=_("up to and with"), validators=[within_years], widget=day_input())


def people_of(improvement: Improvement) -> Any:
    """Who may own it or a task of it: the people of its department who may see improvements."""
    of_it = with_right(VIEW).filter(agent__memberships__department=improvement.department_id)
    return of_it.distinct().order_by("name", "pk")


def task_form(improvement: Improvement, data: Any = None) -> TaskForm:
    """The form of a task, with the people whose it may be."""
    form = TaskForm(data, auto_id=False)
    form.fields["owner"].queryset = people_of(improvement)  # type: ignore[attr-defined]  # a ModelChoiceField
    return form


def ground_form(improvement: Improvement) -> GroundForm:
    """The form of a figure as evidence: at first that which is to become better, up to today."""
    given = {"metric": improvement.metric, "dimension": improvement.dimension, "key": improvement.key}
    return GroundForm(initial=given | {"last": timezone.localdate()}, auto_id=False)
