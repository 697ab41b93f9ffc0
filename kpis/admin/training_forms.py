"""What is filled in about trainings."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.asked import id_in, within_years
from config.common.errors import Invalid
from config.common.models import User
from feedback.models import Department
from feedback.org.queries import department_ids
from kpis.models import MetricCode, NeedKind, Presence, Training, TrainingPlace, TrainingState
from kpis.models.training import ADDRESS, LONGEST, MOST_WEEKS, NAMED, SHORTEST, WORDS
from kpis.training.commands import About, Need, Noted, measured
from kpis.training.held import trainers

ALL = ("", _("all"))
MOMENT = "%Y-%m-%dT%H:%M"
ABOUT = (
    "title", "metric", "trainer", "starts_at", "minutes", "place", "link", "notes", "material", "weeks",
)  # fmt: skip
NOTED = [(one.value, one.label) for one in Presence if one != Presence.EXPECTED]
FIGURES = {NeedKind.QUALITY: MetricCode.QUALITY, NeedKind.BREACH: MetricCode.SLA}
"""The figure that shows most directly whether a need is met."""


class TrainingFilter(forms.Form):
    """What the list is narrowed to."""

    state = forms.ChoiceField(label=_("state"), required=False, choices=[ALL, *TrainingState.choices])
    department = forms.ModelChoiceField(
        Department.objects.none(), label=_("department"), required=False, empty_label=ALL[1]
    )
    metric = forms.ChoiceField(label=_("figure"), required=False)
    need_kind = forms.ChoiceField(
        label=pgettext_lazy("training", "what shows the need"),
        required=False,
        choices=[ALL, *NeedKind.choices],
    )

    def __init__(self, data: Any, *, user: User) -> None:
        """Offer the departments and figures that there are."""
        super().__init__(data)
        _offer(self, "department", Department.objects.filter(pk__in=department_ids(user)))
        self.fields["metric"].choices = [ALL, *_figures()]  # type: ignore[attr-defined]  # a ChoiceField


class AboutForm(forms.Form):
    """What a training is about, who gives it, when and where."""

    title = forms.CharField(label=pgettext_lazy("training", "subject"), max_length=NAMED)
    metric = forms.ChoiceField(label=pgettext_lazy("training", "figure that it is to move"))
    trainer = forms.ModelChoiceField(
        User.objects.none(),
        label=pgettext_lazy("training", "trainer"),
        help_text=Training._meta.get_field("trainer").help_text,
    )
    starts_at = forms.DateTimeField(
        label=pgettext_lazy("training", "begins"),
        validators=[within_years],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    minutes = forms.IntegerField(
        label=pgettext_lazy("training", "minutes"), initial=60, min_value=SHORTEST, max_value=LONGEST
    )
    weeks = forms.IntegerField(
        label=pgettext_lazy("training", "compared over (weeks)"),
        initial=4,
        min_value=1,
        max_value=MOST_WEEKS,
        help_text=Training._meta.get_field("weeks").help_text,
    )
    place = forms.CharField(label=pgettext_lazy("training", "place"), max_length=NAMED, required=False)
    link = forms.CharField(
        label=pgettext_lazy("training", "link to take part"), max_length=ADDRESS, required=False
    )
    material = forms.CharField(
        label=pgettext_lazy("training", "link to material"), max_length=ADDRESS, required=False
    )
    notes = forms.CharField(
        label=pgettext_lazy("training", "notes"),
        max_length=WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the figures that are told apart by agent, and who can give a training."""
        super().__init__(*args, **kwargs)
        _offer(self, "trainer", trainers())
        self.fields["metric"].choices = _figures()  # type: ignore[attr-defined]  # a ChoiceField

    def about(self) -> About:
        """What was filled in."""
        return About(**{name: self.cleaned_data[name] for name in ABOUT})


class PlanForm(AboutForm):
    """The same of a new one, with whose it is."""

    department = forms.ModelChoiceField(Department.objects.none(), label=_("department"))
    field_order = ("title", "department")

    def __init__(self, data: Any, *, user: User, need: Need | None) -> None:
        """Offer the person's departments; begin with what a need suggests, given by themselves."""
        departments = Department.objects.filter(is_active=True, pk__in=department_ids(user))
        initial: dict[str, Any] = {"trainer": user.pk, "department": departments.order_by("pk").first()}
        mine = departments.filter(memberships__agent__user=user).order_by("memberships__pk").first()
        initial["department"] = mine or initial["department"]
        if need is not None:
            initial |= {
                "title": need.name[:NAMED],
                "metric": FIGURES[NeedKind(need.kind)],
                "department": need.appraisal.department_id,
            }
        super().__init__(data, initial=initial)
        if need is not None:
            departments = departments.filter(pk=need.appraisal.department_id)
        _offer(self, "department", departments)


def about_form(training: Training, data: Any = None) -> AboutForm:
    """The form of a training that is there."""
    known = {name: getattr(training, name) for name in ABOUT}
    known["starts_at"] = timezone.localtime(training.starts_at)
    return AboutForm(data, initial=known)


def attendance(places: Sequence[TrainingPlace], post: Any) -> dict[int, Noted]:
    """Who was there, as the boxes of a page say; of whom nothing is said is left out.

    Raises:
        Invalid: a test is no number.
    """
    found = {}
    for one in places:
        presence = post.get(f"presence-{one.agent_id}", "")
        if presence:
            found[one.agent_id] = Noted(presence, _points(post.get(f"score-{one.agent_id}", "").strip()))
    return found


def rows_to_note(places: Sequence[TrainingPlace], typed: Any) -> list[tuple[TrainingPlace, str, str]]:
    """Who was there and their tests as the boxes of a page begin: as noted, or as just typed."""
    return [
        (
            one,
            typed.get(f"presence-{one.agent_id}", one.presence),
            typed.get(f"score-{one.agent_id}", "" if one.score is None else f"{one.score}"),
        )
        for one in places
    ]


def _points(text: str) -> int | None:
    if not text:
        return None
    number = id_in(text)
    if number is None:
        raise Invalid(_("Points go from 0 to 100."))
    return number


def _figures() -> list[tuple[str, Any]]:
    return [(code.value, code.label) for code in measured()]


def _offer(form: forms.Form, name: str, rows: Any) -> None:
    form.fields[name].queryset = rows  # type: ignore[attr-defined]  # a ModelChoiceField
