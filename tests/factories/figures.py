"""Days of figures as they are kept, for tests that need weeks of them."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from django.utils import timezone

from kpis.models import Dimension, Grain, MetricCode, Snapshot, Target


def make_days(first, last, share, *, metric=MetricCode.FIRST_REPLY, dimension=Dimension.WHOLE, key="", n=100):
    """A figure of a share, by day, that varies by chance; the same each time."""
    length = (last - first).days + 1
    hits = np.random.default_rng(first.toordinal()).binomial(n, share, length)
    Snapshot.objects.bulk_create(
        Snapshot(
            metric=metric, dimension=dimension, key=key, day=first + timedelta(number), n=n,
            total=int(hits[number]), squares=int(hits[number]), computed_at=timezone.now(),
        )
        for number in range(length)
    )  # fmt: skip


def make_goal(
    goal, *, metric=MetricCode.FIRST_REPLY, dimension=Dimension.WHOLE, key="", grain=Grain.MONTH, **more
):
    """A goal since long ago."""
    values = {"since": date(2020, 1, 1), "warning": Decimal(1), "set_at": timezone.now(), **more}
    return Target.objects.create(
        metric=metric, dimension=dimension, key=key, grain=grain, goal=Decimal(goal), **values
    )
