"""One thing that a rule gives, changed in a new version that says all else as before."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import CouponTemplate, Rule, RuleVersion
from compensation.rules.commands import draft, publish, save_draft
from config.common.errors import NotFound, WrongState
from config.common.events import record
from config.common.models import User

WHAT = frozenset({"points", "amount_fen", "template_id"})


@transaction.atomic
def set_give(
    *, code: str, place: int, what: str, value: Any, because: str, actor: User | None, at: datetime
) -> RuleVersion:
    """Publish a version in which the thing in a place is so many points, so much money, or this coupon.

    `because` names what it was decided by, such as "experiment:3".

    Raises:
        NotFound: there is no such rule in force, nothing in that place, or no such coupon.
        NotPermitted: the person may not publish rules.
        WrongState: somebody is writing a draft.
        Invalid: the version makes no sense.
    """
    rule = Rule.objects.select_for_update(no_key=True).filter(code=code).first()
    if rule is None or what not in WHAT:
        raise NotFound
    if rule.versions.filter(published_at=None).exists():
        raise WrongState(_("Somebody is writing a draft of this rule: publish it or throw it away first."))
    version = draft(rule_id=rule.pk, actor=actor, at=at)
    gives = list(version.gives.select_related("template"))
    if not 1 <= place <= len(gives):
        raise NotFound
    if what == "template_id":
        coupon = CouponTemplate.objects.filter(pk=value).first()
        if coupon is None:
            raise NotFound
        gives[place - 1].template = coupon
    else:
        setattr(gives[place - 1], what, value)
    save_draft(version=version, gives=gives, actor=actor, at=at)
    made = publish(version_id=version.pk, actor=actor, at=at)
    record("rule.changed", made, actor=actor, at=at, rule=rule.pk, number=made.number, because=because)
    return made
