"""Which policy decides: the first that matches the facts and has a target for the milestone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from feedback.models import CaseKind, Channel, Milestone, Policy, PolicyTarget, Priority

FIELDS = {
    "kind": "kinds",
    "channel": "channels",
    "priority": "priorities",
    "tier": "tiers",
    "category": "categories",
    "department": "departments",
    "language": "languages",
    "order_status": "order_statuses",
}
"""A fact, and the list of a policy that it must be in; an empty list lets everything pass."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a policy is chosen by; what a clock or case of old says nothing about is empty."""

    kind: str = ""
    channel: str = ""
    priority: int = 0
    tier: str = ""
    category: str = ""
    """The product category."""
    department: str = ""
    """The code of the department that has to keep the clock."""
    language: str = ""
    order_status: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give them as a clock keeps them."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Facts":
        """Read them from a clock."""
        return Facts(**{name: data[name] for name in FIELDS if name in data})


@dataclass(frozen=True, slots=True)
class Target:
    """How long a milestone may take, on whose calendar, and the ladder (all by primary key)."""

    within: timedelta
    calendar: int | None
    ladder: int | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy as it was published."""

    version: int
    code: str
    name: str
    name_en: str
    position: int
    is_active: bool
    conditions: Mapping[str, tuple[Any, ...]]
    targets: Mapping[str, Target]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a policy, held against a fact."""

    field: str
    wanted: tuple[Any, ...]
    actual: Any

    @property
    def holds(self) -> bool:
        """Whether the fact is among those wanted; any is, where none is named."""
        return not self.wanted or self.actual in self.wanted


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a policy was or was not taken for a milestone."""

    rule: Rule
    conditions: tuple[Condition, ...]
    has_target: bool

    @property
    def taken(self) -> bool:
        """Whether it decides."""
        return self.rule.is_active and self.has_target and all(item.holds for item in self.conditions)

    @property
    def failed(self) -> tuple[Condition, ...]:
        """The conditions that did not hold."""
        return tuple(item for item in self.conditions if not item.holds)


@dataclass(frozen=True, slots=True)
class Choice:
    """The policy chosen for a milestone, with the verdicts on it (the last one) and those before it."""

    milestone: str
    verdicts: tuple[Verdict, ...]

    @property
    def rule(self) -> Rule | None:
        """The policy that decides; None when none does."""
        return self.verdicts[-1].rule if self.verdicts and self.verdicts[-1].taken else None

    @property
    def target(self) -> Target | None:
        """Its target for the milestone."""
        return self.rule.targets[self.milestone] if self.rule else None

    @property
    def passed_over(self) -> tuple[Verdict, ...]:
        """Those that came first and did not fit."""
        return self.verdicts[:-1] if self.rule else self.verdicts


def judge(rule: Rule, facts: Facts, milestone: str) -> Verdict:
    """Hold a policy against the facts."""
    return Verdict(
        rule,
        tuple(Condition(name, rule.conditions[name], getattr(facts, name)) for name in FIELDS),
        milestone in rule.targets,
    )


def choose(rules: Iterable[Rule], facts: Facts, milestone: str) -> Choice:
    """Take the first policy in order that is in force, matches and has a target for the milestone."""
    verdicts = []
    for rule in rules:
        verdict = judge(rule, facts, milestone)
        verdicts.append(verdict)
        if verdict.taken:
            break
    return Choice(milestone, tuple(verdicts))


def explain(rules: Sequence[Rule], facts: Facts) -> dict[str, Choice]:
    """Choose for every milestone, as a preview for whoever edits the policies."""
    return {milestone: choose(rules, facts, milestone) for milestone in Milestone.values}


def in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Put the policies in the order in which they are tried."""
    return tuple(sorted(rules, key=lambda rule: (rule.position, rule.code)))


def content(rule: Rule) -> dict[str, Any]:
    """Give the content that reads as this rule."""
    return {
        "code": rule.code,
        "name": rule.name,
        "name_en": rule.name_en,
        "position": rule.position,
        "is_active": rule.is_active,
        **{plural: list(rule.conditions[name]) for name, plural in FIELDS.items()},
        "targets": {
            milestone: {
                "within": target.within.total_seconds(),
                "calendar": target.calendar,
                "ladder": target.ladder,
            }
            for milestone, target in rule.targets.items()
        },
    }


def write(policy: Policy, targets: Iterable[PolicyTarget]) -> dict[str, Any]:
    """Give the content of a policy's version."""
    return {
        "code": policy.code,
        "name": policy.name,
        "name_en": policy.name_en,
        "position": policy.position,
        "is_active": policy.is_active,
        **{plural: sorted(getattr(policy, plural)) for plural in FIELDS.values()},
        "targets": {
            target.milestone: {
                "within": target.within.total_seconds(),
                "calendar": target.calendar_id,
                "ladder": target.ladder_id,
            }
            for target in sorted(targets, key=lambda target: target.milestone)
        },
    }


def read(version: int, content: Mapping[str, Any]) -> Rule:
    """Read the content of a policy's version."""
    return Rule(
        version=version,
        code=content["code"],
        name=content["name"],
        name_en=content["name_en"],
        position=content["position"],
        is_active=content["is_active"],
        conditions={name: tuple(content.get(plural, ())) for name, plural in FIELDS.items()},
        targets={
            milestone: Target(timedelta(seconds=item["within"]), item["calendar"], item["ladder"])
            for milestone, item in content["targets"].items()
        },
    )


def shadowed(rules: Sequence[Rule]) -> list[tuple[Rule, str, Rule]]:
    """Find targets that can never decide, because one policy before takes every case that fits.

    Gives (policy, milestone, the policy before it). Two policies that only together take everything are
    not looked for.
    """
    active = [rule for rule in rules if rule.is_active]
    return [
        (rule, milestone, cover)
        for place, rule in enumerate(active)
        for milestone in rule.targets
        if (cover := next((old for old in active[:place] if _covers(old, rule, milestone)), None))
    ]


def _covers(old: Rule, new: Rule, milestone: str) -> bool:
    """Tell whether whatever the new one matches, the old one matches too."""
    return milestone in old.targets and all(
        not old.conditions[name]
        or set(new.conditions[name] or EVERYTHING.get(name, ("",))) <= set(old.conditions[name])
        for name in FIELDS
    )


EVERYTHING: dict[str, tuple[Any, ...]] = {
    "kind": tuple(CaseKind.values),
    "channel": tuple(Channel.values),
    "priority": tuple(Priority.values),
}
"""All values of a fact whose list is closed and that every case has; the others are data."""
