"""Which department receives a case that names none, and why."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from feedback.expectations.queries import cares_of
from feedback.models import Department, DepartmentRule, Skill
from feedback.org import matching
from feedback.org.matching import Arrival
from feedback.org.queries import taker_of_new_cases


@dataclass(frozen=True, slots=True)
class Received:
    """The department that a case goes to, the skill it needs, and the rule that said so, if one did."""

    department: Department
    skill: Skill | None = None
    rule: DepartmentRule | None = None
    word: str = ""

    def why(self) -> dict[str, Any]:
        """What the case's event keeps of it: the rule as it was called then, and the word that was found."""
        if self.rule is None:
            return {}
        kept = {"id": self.rule.pk, "name": self.rule.name, "name_en": self.rule.name_en}
        return {"rule": kept, "word": self.word} if self.word else {"rule": kept}


def rules_in_order() -> QuerySet[DepartmentRule]:
    """All rules in the order in which they are tried."""
    return DepartmentRule.objects.select_related("department", "skill").order_by("position", "pk")


def department_for(
    *,
    kind: str,
    channel: str,
    priority: int,
    tier: str,
    category: str = "",
    language: str = "",
    subject: str = "",
    body: str = "",
    member_id: int | None = None,
) -> Received:
    """The department of the first rule that takes such a case, else the one that takes new cases.

    What the member cares about is looked up where a rule asks for it.

    Raises:
        Department.DoesNotExist: no rule takes it, and there is no department at all.
    """
    rules = list(rules_in_order().filter(is_active=True))
    is_asked = any(rule.cares for rule in rules)
    cares = cares_of(member_id) if is_asked and member_id is not None else ""
    arrival = Arrival(kind, channel, priority, tier, category, language, f"{subject}\n{body}", cares)
    verdicts = matching.choose(rules, arrival)
    if verdicts and verdicts[-1].taken:
        found = verdicts[-1]
        return Received(found.rule.department, found.rule.skill, found.rule, found.word)
    return Received(taker_of_new_cases())
