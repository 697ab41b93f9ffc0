"""Batches at every step, and the people who take them there."""

from datetime import datetime

from django.contrib.auth.models import Permission

from compensation.batches import commands
from compensation.batches.commands import Terms
from compensation.models import Authority, Batch, Member
from config.common.models import User
from tests.factories.common import UserFactory
from tests.factories.money import AT, CouponTemplateFactory, PointsRuleFactory

BIG = 10**9


def allowed(user: User, *codes: str) -> User:
    """The same person with these permissions of this app."""
    user.user_permissions.add(
        *Permission.objects.filter(codename__in=codes, content_type__app_label="compensation")
    )
    return User.objects.get(pk=user.pk)


def asker() -> User:
    """Somebody who may ask for batches."""
    return allowed(UserFactory(), "add_batch", "view_batch")


def approver(limit_fen: int = BIG) -> User:
    """Somebody who may approve batches up to that much."""
    user = UserFactory()
    Authority.objects.create(user=user, per_batch_fen=limit_fen)
    return allowed(user, "approve_batch", "view_batch", "approve_grant")


def terms(**more: object) -> Terms:
    """Five yuan each for a broken promise, where nothing else is said."""
    if "points" in more:
        PointsRuleFactory()
    if not {"points", "refunds", "template"} & set(more):
        more = {"template": CouponTemplateFactory(), **more}
    return Terms(**{"name": "停电补偿", "reason": "仓库停电", **more})


def counted(members: list[Member], *, by: User | None = None, at: datetime = AT, **more: object) -> Batch:
    """A batch for these members, its dry run done."""
    by = by or asker()
    batch = commands.create(terms=terms(**more), actor=by, at=at)
    listed = "\n".join(member.external_id for member in members)
    commands.choose(batch_id=batch.pk, source="list", listed=listed, actor=by, at=at)
    return commands.count(batch_id=batch.pk, actor=by, at=at)


def asked(members: list[Member], *, by: User | None = None, at: datetime = AT, **more: object) -> Batch:
    """A batch that waits for approval."""
    by = by or asker()
    batch = counted(members, by=by, at=at, **more)
    return commands.ask(batch_id=batch.pk, content_hash=batch.content_hash, actor=by, at=at)


def running(members: list[Member], *, at: datetime = AT, **more: object) -> Batch:
    """A batch that workers may take up."""
    batch = asked(members, at=at, **more)
    return commands.approve(batch_id=batch.pk, content_hash=batch.content_hash, actor=approver(), at=at)
