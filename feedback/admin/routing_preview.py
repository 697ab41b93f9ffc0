"""Where a case would go: which rule takes it, to which department, and to whom of its agents."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from compensation.models import Tier
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.models import Cared, CaseKind, Channel, Department, DepartmentRule, Priority, Skill, Strategy
from feedback.org import matching
from feedback.org.queries import taker_of_new_cases
from feedback.org.receiving import rules_in_order
from feedback.routing import queries
from feedback.routing.queries import Outlook
from feedback.routing.rules import Need
from feedback.routing.words import FACTS, OBSTACLES, WHYS

MAY = "feedback.view_departmentrule"


class ArrivalForm(forms.Form):
    """The case that is asked about."""

    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=CaseKind.choices)
    channel = forms.ChoiceField(label=gettext_lazy("channel"), choices=Channel.choices)
    priority = forms.TypedChoiceField(label=gettext_lazy("priority"), choices=Priority.choices, coerce=int)
    tier = forms.ModelChoiceField(
        Tier.objects.all(), label=gettext_lazy("tier"), to_field_name="code", empty_label=None
    )
    category = forms.CharField(label=gettext_lazy("product category"), max_length=80, required=False)
    language = forms.CharField(label=gettext_lazy("language"), max_length=16, required=False)
    cares = forms.ChoiceField(
        label=gettext_lazy("what the member cares about"), choices=[("", "—"), *Cared.choices], required=False
    )
    text = forms.CharField(label=gettext_lazy("subject and text"), max_length=2000, required=False)

    def arrival(self) -> matching.Arrival:
        """The case as the rules see it."""
        data = self.cleaned_data
        return matching.Arrival(
            data["kind"], data["channel"], data["priority"], data["tier"].code, data["category"],
            data["language"], data["text"], data["cares"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that was held against the case, and what did not fit."""

    rule: DepartmentRule
    is_taken: bool
    word: str
    misfits: list[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the case goes, by which rules, and to whom."""

    tried: list[Tried]
    department: Department
    skill: Skill | None
    outlook: Outlook
    is_by_hand: bool

    @property
    def is_by_rule(self) -> bool:
        """Whether a rule takes it."""
        return any(one.is_taken for one in self.tried)

    @property
    def chosen(self) -> str:
        """Who would get it and why, in words; "" for nobody."""
        choice = self.outlook.choice
        if choice is None:
            return ""
        who = next(one.agent for one in self.outlook.candidates if one.agent.pk == choice.agent)
        return f"{who} · {WHYS[choice.why]}"

    @property
    def rows(self) -> list[tuple[str, int, int, str]]:
        """Everybody in the department: name, load, limit, and what keeps them."""
        return [
            (str(one.agent), one.load, one.limit, str(OBSTACLES[one.obstacle]) if one.obstacle else "")
            for one in self.outlook.candidates
        ]


@require_GET
@needs(MAY)
def preview(request: StaffRequest) -> HttpResponse:
    """Show where a case that came now would go."""
    asked = {
        "kind": CaseKind.COMPLAINT,
        "channel": Channel.PORTAL,
        "priority": Priority.NORMAL,
        "tier": Tier.objects.values_list("code", flat=True).first(),
        **request.GET.dict(),
    }
    form, at = ArrivalForm(asked), timezone.now()
    answer = _answer(form, at) if form.is_valid() else None
    shadowed = matching.shadowed(list(rules_in_order()))
    context = {"form": form, "answer": answer, "shadowed": shadowed}
    return page(request, "feedback/routing/preview.html", context, at=at, status=200 if answer else 400)


def _answer(form: ArrivalForm, at: datetime) -> Answer:
    arrival = form.arrival()
    verdicts = matching.choose(rules_in_order().filter(is_active=True), arrival)
    last = verdicts[-1] if verdicts and verdicts[-1].taken else None
    department = last.rule.department if last else taker_of_new_cases()
    skill = last.rule.skill if last else None
    strategy = (last.rule.strategy if last else "") or department.strategy
    need = Need(
        is_chat=arrival.channel == Channel.CHAT,
        skill=skill.pk if skill else None,
        language=arrival.language,
        strategy=strategy,
    )
    tried = [
        Tried(one.rule, one.taken, one.word, [str(FACTS[fact]) for fact in one.failed]) for one in verdicts
    ]
    is_by_hand = department.strategy == Strategy.OFF
    return Answer(tried, department, skill, queries.outlook(department, need, at), is_by_hand)
