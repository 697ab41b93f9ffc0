"""Setting goals: from a period on, never for one that is over."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed
from config.common.events import record
from config.common.models import User
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Unit
from kpis.metrics.naming import is_known
from kpis.models import GOAL_GRAINS, Dimension, Grain, MetricCode, Target
from kpis.snapshots.calendar import period_of

RANGES: dict[Unit, tuple[int, int]] = {
    Unit.PERCENT: (0, 100),
    Unit.OF_FIVE: (1, 5),
    Unit.POINTS: (-100, 100),
    Unit.DURATION: (1, 366 * 24 * 3600),
}
"""Which goals make sense in each unit; times in seconds."""


@transaction.atomic
def set_goal(
    *,
    metric: MetricCode,
    dimension: Dimension,
    key: str,
    grain: Grain,
    since: date,
    goal: Decimal | None,
    warning: Decimal,
    owner: User | None,
    actor: User | None,
    at: datetime,
    today: date,
) -> Target:
    """Set a goal from the period that `since` is in; None says that there is none of its own any more.

    Periods that are over stay judged as they were. The same again changes nothing.

    Raises:
        Invalid: the figure can't be told apart by it, a goal is set for what nothing is known of, no such
            periods have goals, the period is over, or goal or warning make no sense in its unit.
    """
    _check(metric, dimension, key, grain)
    if goal is not None and key and not is_known(dimension, key):
        raise Invalid(_("Nothing is known of “%(key)s”.") % {"key": key}, field="key")
    first = period_of(since, grain)[0]
    if first < period_of(today, grain)[0]:
        raise Invalid(_("This period is over: it stays judged as it was."), field="since")
    _check_goal(metric, goal, warning)
    now = {"goal": goal, "warning": warning, "owner": owner}
    place = {"metric": metric, "dimension": dimension, "key": key, "grain": grain, "since": first}
    target, is_new = Target.objects.select_for_update(of=("self",)).get_or_create(
        **place, defaults={**now, "set_at": at, "set_by": actor}
    )
    before = None if is_new else _told(target)
    if before == _told(Target(**place, **now)):
        return target
    for name, value in now.items():
        setattr(target, name, value)
    target.set_at, target.set_by = at, actor
    target.save()
    record(
        "target.set", target, actor=actor, at=at, metric=metric, dimension=dimension, key=key, grain=grain,
        since=f"{first}", before=before, after=_told(target),
    )  # fmt: skip
    return target


@transaction.atomic
def take_back(*, target_id: int, actor: User | None, at: datetime, today: date) -> None:
    """Take back a version that has not begun.

    Raises:
        MoveNotAllowed: its first period has begun.
    """
    target = Target.objects.select_for_update().get(pk=target_id)
    if target.since <= today:
        raise MoveNotAllowed(_("Its first period has begun: set another goal instead."))
    record(
        "target.taken_back", target, actor=actor, at=at, metric=target.metric, dimension=target.dimension,
        key=target.key, grain=target.grain, since=f"{target.since}", before=_told(target),
    )  # fmt: skip
    target.delete()


def _told(target: Target) -> dict[str, str | int | None]:
    goal = None if target.goal is None else f"{target.goal:.3f}"
    return {"goal": goal, "warning": f"{target.warning:.3f}", "owner": target.owner_id}


def _check(metric: MetricCode, dimension: Dimension, key: str, grain: Grain) -> None:
    if grain not in dict(GOAL_GRAINS):
        raise Invalid(_("Goals are for weeks, months and quarters."), field="grain")
    if bool(key) is (dimension == Dimension.WHOLE):
        raise Invalid(_("Say of which one it is."), field="key")
    if dimension != Dimension.WHOLE and dimension not in METRICS[metric].dimensions:
        raise Invalid(_("This figure can't be told apart by it."), field="dimension")


def _check_goal(metric: MetricCode, goal: Decimal | None, warning: Decimal) -> None:
    lowest, highest = RANGES[METRICS[metric].unit]
    if goal is not None and not lowest <= goal <= highest:
        told = _("A goal of this figure lies from %(lowest)s to %(highest)s.")
        raise Invalid(told % {"lowest": lowest, "highest": highest}, field="goal")
    if not 0 <= warning <= highest - lowest:
        raise Invalid(_("The warning band is a distance from the goal, in the same unit."), field="warning")
