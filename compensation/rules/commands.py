"""What happens to automatic rules: drafted, published, ended, switched on and off."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import GrantKind, Rule, RuleGive, RuleVersion
from config.common.errors import Invalid, NotPermitted, WrongState
from config.common.events import Actor, record
from config.common.models import User

PUBLISH = "compensation.publish_rule"
NOT_COPIED = {
    "id",
    "rule",
    "code",
    "number",
    "made_by",
    "made_at",
    "published_by",
    "published_at",
    "retired_at",
}


@transaction.atomic
def make(*, rule: Rule, actor: Actor, at: datetime) -> Rule:
    """Keep a rule's name, its place, and whether it is in force; what it says, its versions say."""
    is_new = not Rule.objects.filter(pk=rule.pk).exists()
    rule.save()
    kind = "rule.made" if is_new else "rule.saved"
    record(kind, rule, actor=actor, at=at, code=rule.code, position=rule.position, is_active=rule.is_active)
    return rule


@transaction.atomic
def draft(*, rule_id: int, actor: Actor, at: datetime) -> RuleVersion:
    """The draft of a rule: the one that is there, else a new one that says what the last version said."""
    rule = Rule.objects.select_for_update(no_key=True).get(pk=rule_id)
    known = rule.versions.filter(published_at=None).first()
    if known is not None:
        return known
    last = rule.versions.prefetch_related("gives").order_by("-number").first()
    copied = {
        field.name: getattr(last, field.name)
        for field in RuleVersion._meta.concrete_fields
        if last is not None and field.name not in NOT_COPIED
    }
    version = RuleVersion(**({"trigger": "gap"} | copied))
    version.rule, version.code, version.number = rule, rule.code, (last.number if last else 0) + 1
    version.made_by, version.made_at = actor if isinstance(actor, User) else None, at
    version.save()
    _write(version, last.gives.all() if last else [])
    record("rule.drafted", version, actor=actor, at=at, rule=rule.pk, number=version.number)
    return version


@transaction.atomic
def save_draft(
    *, version: RuleVersion, gives: Iterable[RuleGive] | None = None, actor: Actor, at: datetime
) -> RuleVersion:
    """Keep what a draft says; with `gives`, also what it gives, in that order.

    Raises:
        WrongState: it was published: a new draft says it anew.
    """
    _lock_draft(version.pk)
    version.save()
    if gives is not None:
        rows = list(gives)
        version.gives.all().delete()
        _write(version, rows)
    record("rule.draft_saved", version, actor=actor, at=at, rule=version.rule_id, number=version.number)
    return version


@transaction.atomic
def publish(*, version_id: int, actor: User | None, at: datetime) -> RuleVersion:
    """Put a draft in force, in place of the version that was; what that one gave keeps its name.

    Raises:
        NotPermitted: the person may not publish rules.
        WrongState: it is no draft.
        Invalid: it says too little, or the same twice.
    """
    if actor is not None and not actor.has_perm(PUBLISH):
        raise NotPermitted(_("You are not permitted to publish rules."))
    rule_id = RuleVersion.objects.values_list("rule", flat=True).get(pk=version_id)
    rule = Rule.objects.select_for_update(no_key=True).get(pk=rule_id)
    version = _lock_draft(version_id)
    check(version, list(version.gives.all()))
    before = rule.versions.filter(published_at__isnull=False, retired_at=None)
    before.update(retired_at=at)
    version.published_by, version.published_at = actor, at
    version.save(update_fields=["published_by", "published_at"])
    record("rule.published", version, actor=actor, at=at, rule=rule.pk, number=version.number)
    return version


@transaction.atomic
def drop_draft(*, version_id: int, actor: Actor, at: datetime) -> None:
    """Throw a draft away.

    Raises:
        WrongState: it was published.
    """
    version = _lock_draft(version_id)
    record("rule.draft_dropped", version, actor=actor, at=at, rule=version.rule_id, number=version.number)
    version.delete()


def check(version: RuleVersion, gives: list[RuleGive]) -> None:
    """Refuse a version that makes no sense.

    Raises:
        Invalid: it does nothing, or gives the same twice.
    """
    if not gives and not version.opens_case:
        raise Invalid(_("It does nothing yet: let it give something, or open a case."))
    same = [(give.kind, give.template_id) for give in gives]
    if len(set(same)) < len(same):
        raise Invalid(_("It gives the same thing twice."))
    if version.opens_case and version.trigger != "gap":
        raise Invalid(_("There is a case already: only a broken promise opens one."), field="opens_case")
    if version.asks_person and version.trigger == "gap" and not version.opens_case:
        raise Invalid(_("A person chooses on a case: let it open one."), field="opens_case")
    if version.trigger == "gap" and any(give.kind not in GrantKind.values for give in gives):
        raise Invalid(_("Choose what is given."))


def _write(version: RuleVersion, gives: Iterable[RuleGive]) -> None:
    """Write what a draft gives, in that order."""
    RuleGive.objects.bulk_create(
        RuleGive(
            version=version,
            position=place,
            kind=give.kind,
            template=give.template,
            points=give.points,
            amount=give.amount,
            amount_fen=give.amount_fen,
        )
        for place, give in enumerate(gives, start=1)
    )


def _lock_draft(version_id: int) -> RuleVersion:
    version = RuleVersion.objects.select_for_update(no_key=True).get(pk=version_id)
    if not version.is_draft:
        raise WrongState(_("It is published and no longer changes: make a new version."))
    return version
