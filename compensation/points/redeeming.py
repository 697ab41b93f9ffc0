"""Rewards: coupons that members have for points. Both move in one transaction."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from compensation.coupons.issuing import issue
from compensation.ledger import commands as ledger
from compensation.ledger.rules import taken
from compensation.models import AccountKind, Member, Reward, RewardClaim, Unit
from compensation.points import giving
from config.common.errors import NotFound, WrongState
from config.common.events import Actor, record
from config.common.idempotency import once

KEEP = "SELECT * FROM compensation_reward WHERE id = %s FOR KEY SHARE"


class NotOnOffer(WrongState):
    """The reward is switched off, not yet on offer, or no more."""

    code = "reward_not_on_offer"
    default = _("This reward is not on offer.")


class NoneLeft(WrongState):
    """As many were taken as there are."""

    code = "reward_none_left"
    default = _("None of this reward is left.")


class TakenBefore(WrongState):
    """The member took as many as one may."""

    code = "reward_taken"
    default = _("You have taken this reward as often as one may.")


class TooFewPoints(WrongState):
    """The member cannot use as many points now."""

    code = "too_few_points"
    default = _("You have fewer points to use than this costs.")


@transaction.atomic
def save_reward(*, reward: Reward, actor: Actor, at: datetime) -> Reward:
    """Keep a new or changed reward. Claims stay as they were."""
    if reward.pk:  # those are counted only where there is a limit; whoever takes one is waited for
        Reward.objects.select_for_update().get(pk=reward.pk)
        reward.taken = reward.claims.filter(returned_at=None).count()
    reward.save()
    record("reward.saved", reward, actor=actor, at=at, points=reward.points, template=reward.template.code)
    return reward


def on_offer(member: Member, at: datetime) -> QuerySet[Reward]:
    """What the member may choose from, cheapest first, each with how many they took, as `mine`."""
    claims = RewardClaim.objects.filter(reward=OuterRef("pk"), member=member, returned_at=None).order_by()
    mine = claims.values("reward").annotate(n=Count("pk")).values("n")
    return (
        Reward.objects.filter(
            Q(starts_at=None) | Q(starts_at__lte=at),
            Q(ends_at=None) | Q(ends_at__gt=at),
            is_active=True,
            template__is_active=True,
        )
        .select_related("template")
        .annotate(mine=Coalesce(Subquery(mine), 0))
        .order_by("points", "pk")
    )


@transaction.atomic
def redeem(*, reward_id: int, member_id: int, key: str, actor: Actor, at: datetime) -> RewardClaim:
    """Take a reward: its price in points is spent and its coupon given, once for one key of the member.

    Raises:
        NotFound: there is no such member or reward.
        NotOnOffer, NoneLeft, TakenBefore, TooFewPoints: it cannot be had.
        KeyReused: the key came before for another reward.
    """

    def perform() -> RewardClaim:
        member = giving.lock([member_id]).get(member_id)
        reward = _locked(reward_id)
        if member is None or reward is None:
            raise NotFound
        _check(reward, member, at)
        name = f"reward:{uuid.uuid4().hex}"
        moves = taken(Unit.POINTS, reward.points, member_id=member.pk, into=AccountKind.SPENT)
        try:
            ledger.post(key=name, kind="points.redeemed", moves=moves, actor=actor, at=at)
        except ledger.InsufficientBalance as error:
            raise TooFewPoints from error
        coupon = issue(template=reward.template, member=member, key=name, actor=actor, at=at)
        claim = RewardClaim.objects.create(
            reward=reward, member=member, coupon=coupon, points=reward.points, at=at
        )
        record("reward.taken", claim, actor=actor, at=at, reward=reward.pk, points=reward.points)
        return claim

    scope, content = f"points.redeem:{member_id}", {"reward": reward_id}
    return once(scope=scope, key=key, content=content, model=RewardClaim, perform=perform)[0]


def _locked(reward_id: int) -> Reward | None:
    """The reward, locked and counted up where there is a limit in total.

    One without a limit is only kept as it is, together with all who take it: whoever sets a limit waits.
    """
    rows = Reward.objects.select_related("template")
    reward = rows.filter(pk=reward_id).first()
    if reward is None:
        return None
    if reward.total_limit is None:
        reward = Reward.objects.raw(KEEP, [reward_id])[0]
    if reward.total_limit is None:
        return reward
    reward = rows.select_for_update(no_key=True, of=("self",)).get(pk=reward_id)
    if reward.total_limit is not None and reward.taken >= reward.total_limit:
        raise NoneLeft
    Reward.objects.filter(pk=reward_id).update(taken=F("taken") + 1)
    return reward


def _check(reward: Reward, member: Member, at: datetime) -> None:
    begun = reward.starts_at is None or reward.starts_at <= at
    over = reward.ends_at is not None and reward.ends_at <= at
    if not (reward.is_active and reward.template.is_active and begun) or over:
        raise NotOnOffer
    if reward.member_limit is not None:
        mine = RewardClaim.objects.filter(reward=reward, member=member, returned_at=None).count()
        if mine >= reward.member_limit:
            raise TakenBefore
