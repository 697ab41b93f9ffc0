"""The forms of goals: what a list is narrowed to, which goal it is, and what it shall be."""

from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.asked import within_years
from config.common.models import User
from feedback.models import Department
from feedback.org.queries import departments_of
from kpis.metrics.naming import offered
from kpis.models import GOAL_GRAINS, Dimension, MetricCode
from kpis.models.metric import KEY
from kpis.snapshots.queries import SEE_COMPANY
from kpis.targets.rules import State

KNOWN_FOR = 92
"""Categories and regions are offered of which something was measured in so many days."""
STATES = [
    (State.AT_RISK, _("at risk")),
    (State.OPEN, _("on course")),
    (State.FEW, _("too few to judge")),
    (State.NO_DATA, _("nothing measured")),
]


class FilterForm(forms.Form):
    """What the list is narrowed to."""

    department = forms.ModelChoiceField(
        Department.objects.none(), label=_("department"), required=False, empty_label=_("all")
    )
    grain = forms.ChoiceField(label=_("for each"), required=False, choices=[("", _("all")), *GOAL_GRAINS])
    state = forms.ChoiceField(label=_("state"), required=False, choices=[("", _("all")), *STATES])


class WhichForm(forms.Form):
    """Which goal it is."""

    metric = forms.ChoiceField(label=_("figure"), choices=MetricCode.choices)
    of = forms.CharField(label=pgettext_lazy("goal", "Of"), required=False, widget=forms.Select)
    grain = forms.ChoiceField(label=_("for each"), choices=GOAL_GRAINS)
    dimension = forms.ChoiceField(required=False, choices=Dimension.choices, widget=forms.HiddenInput)
    key = forms.CharField(required=False, max_length=KEY, widget=forms.HiddenInput)

    def offer(self, user: User) -> None:
        """Let somebody choose of what they may see the figures of."""
        company = user.has_perm(SEE_COMPANY)
        groups = offered(
            departments_of(user), company=company, since=timezone.localdate() - timedelta(KNOWN_FOR)
        )
        whole = [("", _("everything"))] if company else []
        self.fields["of"].widget = forms.Select(choices=[*whole, *groups])

    def clean(self) -> None:
        """Read what was chosen as dimension and key, like an address names it."""
        super().clean()
        if self.cleaned_data.get("of"):
            dimension, _colon, key = self.cleaned_data["of"].partition(":")
            if dimension not in Dimension.values or len(key) > KEY:
                raise forms.ValidationError(_("Say of which one it is."))
            self.cleaned_data |= {"dimension": dimension, "key": key}


class GoalForm(forms.Form):
    """What the goal shall be."""

    since = forms.DateField(
        label=_("from the period of"),
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    goal = forms.DecimalField(
        label=_("goal"),
        required=False,
        max_digits=9,
        decimal_places=3,
        help_text=_("None: no goal any more."),
    )
    warning = forms.DecimalField(
        label=_("warning band"),
        max_digits=9,
        decimal_places=3,
        min_value=0,
        help_text=_("Closer to the goal than this is at risk."),
    )
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_staff=True).order_by("name", "pk"),
        label=pgettext_lazy("goal", "owner"),
        required=False,
        help_text=_("Is told when it is missed."),
    )
