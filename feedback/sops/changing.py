"""How long a target is, changed in a new version of its policy that says all else as before."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from feedback.models import Policy, PolicyVersion
from feedback.sops import rules
from feedback.sops.commands import publish_policy
from feedback.sops.drafts import NEW, same

CHANGE = "feedback.change_policy"


@transaction.atomic
def set_target(
    *, code: str, milestone: str, within: timedelta, because: str, actor: User | None, at: datetime
) -> PolicyVersion:
    """Publish a version in which a milestone may take so long. Clocks that run keep their terms.

    `because` names what it was decided by, such as "experiment:3".

    Raises:
        NotFound: there is no such policy, or it has no such target.
        NotPermitted: the person may not change policies.
        WrongState: somebody has edited it and not published that.
        Invalid: the time is none, or the policy is not well formed.
    """
    if actor is not None and not actor.has_perm(CHANGE):
        raise NotPermitted
    if within <= timedelta(0):
        raise Invalid(_("Say how long, above nothing."))
    policy = Policy.objects.select_for_update(no_key=True).filter(code=code).first()
    target = policy.targets.filter(milestone=milestone).first() if policy else None
    if policy is None or target is None:
        raise NotFound
    last = policy.versions.order_by("-number").first()
    stored = rules.read(NEW, rules.write(policy, policy.targets.all()))
    if last is None or not same(rules.read(last.pk, last.content), stored):
        raise WrongState(_("This policy was edited and not published: publish it first."))
    target.within = within
    target.save(update_fields=["within"])
    made = publish_policy(policy=policy, actor=actor, at=at)
    record("policy.changed", policy, actor=actor, at=at, version=made.number, because=because)
    return made
