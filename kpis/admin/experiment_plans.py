"""The plan of an experiment: which setting, what instead, judged by what; and the size as it is typed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from config.common.errors import DomainError
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from config.common.sending import sent_once
from feedback.admin.access import needs
from feedback.models import Department
from kpis.experiments import planning, words
from kpis.experiments.held import ADD, departments_for
from kpis.experiments.kinds import KINDS
from kpis.experiments.kinds.setting import Asked
from kpis.experiments.outcomes import OUTCOMES
from kpis.experiments.outcomes import planning as outcomes
from kpis.experiments.planning import Judging
from kpis.models import Experiment
from kpis.models.experiment import TITLE, WORDS

GUARDS = ("cost", "complaint_rate", "reopened_rate")
"""What is offered as guards first."""
ROWS = range(1, len(GUARDS) + 1)
PREFIX = "b_"
DECIMAL: dict[str, Any] = {"max_digits": 12, "decimal_places": 3}


class JudgingForm(forms.Form):
    """By what it is judged: as much as the size needs."""

    outcome = forms.ChoiceField(label=_("judged by"))
    effect = forms.DecimalField(label=_("smallest difference worth having"), **DECIMAL)
    power = forms.DecimalField(label=_("power"), initial="0.8", max_digits=3, decimal_places=2)
    share_b = forms.IntegerField(label=_("of a hundred members get B"), initial=50)
    window = forms.IntegerField(
        label=_("measured for (days)"), initial=14, help_text=_("After a member was first exposed.")
    )
    days = forms.IntegerField(
        label=_("runs for (days)"), initial=28, help_text=_("And on until enough were measured.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say what it can be judged by, and in which unit."""
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (one.code, f"{one.name} · {words.in_unit(one)}") for one in outcomes()
        ]
        self.fields["effect"].help_text = _("In the unit of what it is judged by.")

    def judging(self) -> Judging:
        """What was chosen."""
        names = ("outcome", "effect", "power", "share_b", "window", "days")
        return Judging(**{name: self.cleaned_data[name] for name in names})


class PlanForm(JudgingForm):
    """The whole plan; what the variant says is asked by the setting's kind."""

    title = forms.CharField(label=_("title"), max_length=TITLE)
    department = forms.ModelChoiceField(Department.objects.none(), label=_("department"))
    hypothesis = forms.CharField(
        label=_("what is expected, and why"),
        max_length=WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order = ("title", "department", "hypothesis")

    def __init__(self, *args: Any, asked: list[Asked], **kwargs: Any) -> None:
        """Ask what the setting's kind asks, and for guards."""
        super().__init__(*args, **kwargs)
        self.asked = [PREFIX + one.name for one in asked]
        self.guarded = [name for number in ROWS for name in (f"guard{number}", f"margin{number}")]
        for one in asked:
            self.fields[PREFIX + one.name] = _field(one)
        choices = [
            ("", "—"),
            *((one.code, f"{one.name} · {words.in_unit(one)}") for one in OUTCOMES.values()),
        ]
        for number, code in zip(ROWS, GUARDS, strict=True):
            self.fields[f"guard{number}"] = forms.ChoiceField(
                label=pgettext_lazy("experiment", "guard"), required=False, choices=choices, initial=code
            )
            self.fields[f"margin{number}"] = forms.DecimalField(
                label=_("worse by at most"), required=False, **DECIMAL
            )

    def part(self, names: list[str]) -> list[forms.BoundField]:
        """Some of its fields."""
        return [self[name] for name in names]

    def head(self) -> list[forms.BoundField]:
        """What it is."""
        return self.part(["title", "department", "hypothesis"])

    def variant(self) -> list[forms.BoundField]:
        """What B says."""
        return self.part(self.asked)

    def judged(self) -> list[forms.BoundField]:
        """By what it is judged."""
        return self.part(list(JudgingForm.base_fields))

    def guards(self) -> list[forms.BoundField]:
        """What must not become worse."""
        return self.part(self.guarded)

    def answers(self) -> dict[str, Any]:
        """What B is to say."""
        return {name.removeprefix(PREFIX): self.cleaned_data[name] for name in self.asked}

    def margins(self) -> dict[str, Decimal]:
        """The guards for which a margin was given."""
        rows = ((self.cleaned_data[f"guard{one}"], self.cleaned_data[f"margin{one}"]) for one in ROWS)
        return {code: margin for code, margin in rows if code and margin is not None}


def _field(asked: Asked) -> forms.Field:
    given: dict[str, Any] = {"label": asked.label, "initial": asked.now, "required": asked.is_needed}
    if asked.choices:
        return forms.ChoiceField(**given, choices=asked.choices)
    widget = forms.Textarea(attrs={"rows": 4}) if asked.is_long else None
    return forms.CharField(**given, max_length=2_000, widget=widget)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ADD)
def plan(request: StaffRequest) -> HttpResponse:
    """Choose a setting, then plan an experiment with it."""
    kind, key = request.GET.get("kind", ""), request.GET.get("key", "")
    if not kind:
        kinds = [(one.kind, one.listed()) for one in KINDS.values()]
        return page(request, "kpis/experiments/settings.html", {"kinds": kinds})
    setting = KINDS.get(kind)
    named = dict(setting.listed()).get(key) if setting else None
    now = setting.now(key) if setting and named else None
    if setting is None or now is None:
        raise Http404
    form = PlanForm(request.POST or None, asked=setting.asks(now))
    form.fields["department"].queryset = departments_for(request.user)  # type: ignore[attr-defined]  # a ModelChoiceField
    if request.method == "POST" and form.is_valid():
        try:
            made = sent_once(request, lambda: _plan(request, form, kind, key), Experiment)
        except DomainError as error:
            _refuse(form, error)
        else:
            return redirect("admin:experiment", made.pk)
    context = {
        "form": form,
        "kind": setting.kind,
        "key": key,
        "named": named,
        "now_says": setting.said(now),
    }
    return page(request, "kpis/experiments/plan.html", context, status=400 if form.errors else 200)


def _plan(request: StaffRequest, form: PlanForm, kind: str, key: str) -> Experiment:
    given = form.cleaned_data
    return planning.plan(
        title=given["title"],
        department=given["department"],
        hypothesis=given["hypothesis"],
        kind=kind,
        key=key,
        variant=form.answers(),
        judging=form.judging(),
        guards=form.margins(),
        actor=request.user,
        at=timezone.now(),
    )


def _refuse(form: PlanForm, error: DomainError) -> None:
    """Say what is wrong beside the field that it is about."""
    field = str(error.details.get("field") or "")
    name = next((one for one in (field, PREFIX + field) if one in form.fields), None)
    form.add_error(name, str(error))


@require_safe
@needs(ADD)
def size(request: StaffRequest) -> HttpResponse:
    """How many members it takes, as far as is typed: a part of the plan's page."""
    form = JudgingForm(request.GET)
    context: Mapping[str, Any] = {}
    if form.is_valid():
        try:
            found = planning.sized(
                form.judging(),
                kind=request.GET.get("kind", ""),
                key=request.GET.get("key", ""),
                at=timezone.now(),
            )
        except DomainError as error:
            context = {"error": str(error)}
        else:
            context = {"sized": found, "baseline": words.told(found.outcome, found.baseline)}
    return page(request, "kpis/experiments/size.html", context)


PLAN_PAGES = [
    Page("experiments/new/", plan, "experiment_new"),
    Page("experiments/size/", size, "experiment_size"),
]
