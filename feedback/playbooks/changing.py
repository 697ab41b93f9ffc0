"""One thing that a playbook gives, changed in a new version that says all else as before."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import CouponTemplate
from config.common.errors import NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from feedback.models import Playbook, PlaybookVersion
from feedback.playbooks import rules
from feedback.playbooks.commands import publish

CHANGE = "feedback.change_playbook"
COLUMNS = {"points": "points", "amount_fen": "amount_fen", "template_id": "coupon_id"}
"""What is changed of a remedy, by the name that rules give it."""


@transaction.atomic
def set_remedy(
    *, code: str, place: int, what: str, value: Any, because: str, actor: User | None, at: datetime
) -> PlaybookVersion:
    """Publish a version in which the remedy in a place is so many points, so much money, or this coupon.

    `because` names what it was decided by, such as "experiment:3".

    Raises:
        NotFound: there is no such playbook, nothing in that place, or no such coupon.
        NotPermitted: the person may not change playbooks.
        WrongState: somebody has edited it and not published that.
        Invalid: the version makes no sense.
    """
    if actor is not None and not actor.has_perm(CHANGE):
        raise NotPermitted
    playbook = Playbook.objects.select_for_update(no_key=True).filter(code=code).first()
    if playbook is None or what not in COLUMNS:
        raise NotFound
    remedies = list(playbook.remedies.all())
    last = playbook.versions.order_by("-number").first()
    if last is None or last.content != rules.write(playbook, playbook.steps.all(), remedies):
        raise WrongState(_("This playbook was edited and not published: publish it first."))
    if not 1 <= place <= len(remedies):
        raise NotFound
    if what == "template_id" and not CouponTemplate.objects.filter(pk=value).exists():
        raise NotFound
    remedy = remedies[place - 1]
    setattr(remedy, COLUMNS[what], value)
    remedy.save(update_fields=[COLUMNS[what]])
    made = publish(playbook=playbook, actor=actor, at=at)
    record("playbook.changed", playbook, actor=actor, at=at, version=made.number, because=because)
    return made
