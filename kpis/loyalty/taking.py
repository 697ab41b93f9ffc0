"""Taking a month: what is known of every member, the index of it, and who is likely to leave."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common.errors import Invalid
from config.common.events import record
from kpis.loyalty import leaving, summing, traits
from kpis.loyalty.gathering import gather
from kpis.loyalty.leaving import Judged, Model
from kpis.loyalty.reckoning import reckon
from kpis.loyalty.traits import AWAY, last_day
from kpis.loyalty.weighing import hold, scheme_of, weights_for
from kpis.models import LoyaltyMonth, LoyaltyRun

BACK = 12
"""So many months that are over are taken when the house begins, and caught up with when it stood still."""
LET_GO = f"""
DELETE FROM {LoyaltyMonth._meta.db_table} gone USING {Member._meta.db_table} member
WHERE gone.month = %s AND member.id = gone.member_id
    AND (member.refused_profiling_at IS NOT NULL OR member.erased_at IS NOT NULL)
"""  # noqa: S608 - names of our own
TAUGHT = 6
"""So many months teach at most: what made people leave long ago need not now."""


def due(today: date) -> list[date]:
    """The months that are over and not taken, the oldest first, after the newest that is."""
    months: list[date] = []
    month = today.replace(day=1)
    for _each in range(BACK):
        month = (month - timedelta(1)).replace(day=1)
        months.append(month)
    newest = LoyaltyRun.objects.order_by("-month").values_list("month", flat=True).first()
    return [one for one in reversed(months) if newest is None or one > newest]


@transaction.atomic
def take(*, month: date, at: datetime) -> LoyaltyRun | None:
    """Take a month; None where it was taken before, whoever else takes it just now.

    Who refuses a profile while it runs has none afterwards: their row of members is locked by the months
    written of them, so a refusal comes before them and is looked for once more, or waits and takes them away.

    Raises:
        Invalid: the month is not over, or there are no weights for it.
    """
    month = month.replace(day=1)
    if last_day(month) >= timezone.localdate(at):
        raise Invalid(_("This month is not over yet."))
    hold()
    if LoyaltyRun.objects.filter(month=month).exists():
        return None
    weights = weights_for(month)
    if weights is None:
        raise Invalid(_("There are no weights for this month."))
    gather(last_day(month))
    model, judged, top = learnt(month)
    members = reckon(month, scheme_of(weights.content), model if judged.may_warn else None)
    members -= _let_go(month)
    run = LoyaltyRun.objects.create(
        month=month,
        weights=weights,
        taken_at=at,
        members=members,
        model=asdict(model) if model else None,
        auc=judged.auc,
        low=judged.low,
        high=judged.high,
        judged=judged.n,
        left=judged.left,
        top_left=top,
        may_warn=judged.may_warn,
        warn_from=summing.warn_from(month),
        summary=summing.summary(month),
    )
    record("loyalty.taken", run, actor=None, at=at, month=f"{month:%Y-%m}", members=run.members)
    return run


def learnt(month: date) -> tuple[Model | None, Judged, float | None]:
    """A model of who leaves, from months long before, judged on the newest month of which it is known.

    Nothing that teaches reaches into the time after the month that judges: the months that teach are those
    whose outcome was known when it ended. With it goes the share that left of the tenth most likely to.
    """
    known = _known_by(month)
    if not known:
        return None, Judged(None, None, None, 0, 0), None
    judging, left = traits.rows(known[-1])
    taught = [traits.rows(one) for one in _known_by(known[-1])[-TAUGHT:]]
    model = _of(taught) if taught else None
    if model is None:
        return None, Judged(None, None, None, len(left), int(left.sum())), None
    chances = model.chances(judging)
    return model, leaving.judge(chances, left), leaving.top_left(chances, left)


def _of(taught: list[tuple[Any, Any]]) -> Model | None:
    rows, left = zip(*taught, strict=True)
    return leaving.learn(np.vstack(rows), np.concatenate(left))


def _known_by(month: date) -> list[date]:
    """The months taken of whose members it was known when a month ended whether they had left."""
    taken = LoyaltyRun.objects.filter(month__lt=month, members__gt=0).order_by("month")
    return [one for one in taken.values_list("month", flat=True) if last_day(one) + AWAY <= last_day(month)]


def _let_go(month: date) -> int:
    """Take away the month of those who refused a profile, or were erased, meanwhile; gives of how many."""
    with connection.cursor() as cursor:
        cursor.execute(LET_GO, [month])
        return int(cursor.rowcount)


def forget(member_id: int) -> None:
    """Let go of what was concluded of a member; the caller holds them."""
    LoyaltyMonth.objects.filter(member=member_id).delete()
