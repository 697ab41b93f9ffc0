"""Policies that were edited and are not in force yet: a draft, to be tried, published or thrown away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch

from config.common.errors import NotFound
from config.common.events import record
from config.common.models import User
from feedback.models import Policy, PolicyTarget, PolicyVersion
from feedback.sops import rules
from feedback.sops.commands import publish_policy
from feedback.sops.rules import Rule

NEW = 0
"""The version of what is not published."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy as it is stored, beside what is in force of it."""

    policy: Policy
    in_force: Rule | None
    stored: Rule

    @property
    def is_changed(self) -> bool:
        """Whether publishing it would change anything."""
        return self.in_force is None or not same(self.in_force, self.stored)

    @property
    def rule(self) -> Rule:
        """What is in force, or what would be."""
        return self.stored if self.is_changed or self.in_force is None else self.in_force


def same(one: Rule, other: Rule) -> bool:
    """Tell whether two versions of a policy say the same."""
    return replace(one, version=NEW) == replace(other, version=NEW)


def drafts() -> list[Draft]:
    """All policies in the order in which they would be tried. Three queries."""
    targets = Prefetch("targets", PolicyTarget.objects.order_by("pk"))
    latest = {
        version.policy_id: version
        for version in PolicyVersion.objects.order_by("policy_id", "-number").distinct("policy_id")
    }
    found = []
    for policy in Policy.objects.prefetch_related(targets):
        stored = rules.read(NEW, rules.write(policy, policy.targets.all()))
        version = latest.get(policy.pk)
        found.append(Draft(policy, rules.read(version.pk, version.content) if version else None, stored))
    return sorted(found, key=lambda draft: (draft.stored.position, draft.stored.code))


def changed() -> list[Draft]:
    """The policies that were edited and are not in force as they are stored."""
    return [draft for draft in drafts() if draft.is_changed]


def as_if_published(some: Sequence[Draft]) -> tuple[Rule, ...]:
    """The policies as they would be in force once all is published, in order."""
    return rules.in_order(draft.rule for draft in some)


@transaction.atomic
def publish_changed(*, actor: User | None, at: datetime) -> list[PolicyVersion]:
    """Put every edited policy in force together.

    Raises:
        Invalid: one of them is not well formed; none is published then.
    """
    return [publish_policy(policy=draft.policy, actor=actor, at=at) for draft in changed()]


@transaction.atomic
def discard(*, policy_id: int, actor: User | None, at: datetime) -> Policy | None:
    """Take back what was edited since a policy was published; one that never was is removed.

    Raises:
        NotFound: there is no such policy.
    """
    policy = Policy.objects.select_for_update(no_key=True).filter(pk=policy_id).first()
    if policy is None:
        raise NotFound
    version = policy.versions.order_by("-number").first()
    if version is None:
        record("policy.discarded", policy, actor=actor, at=at)
        policy.targets.all().delete()
        policy.delete()
        return None
    rule = rules.read(version.pk, version.content)
    policy.name, policy.name_en, policy.code = rule.name, rule.name_en, rule.code
    policy.position, policy.is_active = rule.position, rule.is_active
    for fact, plural in rules.FIELDS.items():
        setattr(policy, plural, list(rule.conditions[fact]))
    policy.save()
    policy.targets.exclude(milestone__in=rule.targets).delete()
    for milestone, target in rule.targets.items():
        PolicyTarget.objects.update_or_create(
            policy=policy,
            milestone=milestone,
            defaults={
                "within": target.within,
                "calendar_id": target.calendar,
                "ladder_id": target.ladder,
            },
        )
    record("policy.discarded", policy, actor=actor, at=at, version=version.number)
    return policy
