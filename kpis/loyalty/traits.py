"""What a warning goes by: the traits of a member's month, and whether they left after it; in SQL.

Learning and warning read the same expressions: a trait can't mean one thing here and another there.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection

from compensation.models import Order, OrderStatus
from kpis.loyalty.leaving import Model, pushes
from kpis.models import LoyaltyMonth
from kpis.snapshots.calendar import days_span

AWAY = timedelta(90)
"""Whoever orders nothing for so long after a month has left."""
HERE = f"recency < {AWAY.days}"
"""Who has not been away for so long yet: of others nothing is left to foresee."""
MOST = 200_000
"""As many members of a month teach as much as a million."""
ASKED = ("satisfaction", "trust", "brand", "product", "service")
COUNTED = ("recency", "frequency", "amount", "interaction")
TRAITS = {
    **{name: f"ln(1 + coalesce({name}, 0))" for name in COUNTED},
    **{f"{name}_known": f"({name} IS NOT NULL)::int::double precision" for name in ASKED},
    **{name: f"coalesce({name}, 0)::double precision" for name in ASKED},
}
"""Counts by their order of magnitude; of what people say whether they said it, and what."""
LEFT = f"""
NOT EXISTS (SELECT FROM {Order._meta.db_table} later WHERE later.member_id = month.member_id
    AND later.placed_at >= %(begin)s AND later.placed_at < %(end)s AND later.status <> %(cancelled)s)
"""
ROWS = f"""
SELECT {", ".join(TRAITS.values())}, ({LEFT})::int
FROM {LoyaltyMonth._meta.db_table} month
WHERE month = %(month)s AND {HERE} AND member_id %% %(parts)s = 0
"""  # noqa: S608 - names of our own
NUMBER = f"SELECT count(*) FROM {LoyaltyMonth._meta.db_table} WHERE month = %s AND {HERE}"  # noqa: S608 - ours
OF_ROWS = f"SELECT id, {', '.join(TRAITS.values())} FROM {LoyaltyMonth._meta.db_table} WHERE id = ANY(%s)"  # noqa: S608 - ours
FURTHEST = 700
"""The exponent of a double ends a little above."""
LEAST = 0.1
"""Less in log odds moves nobody: a tenth more or less of the odds."""


def rows(month: date) -> tuple[Any, Any]:
    """Those who had not left at a month's end: a row of traits each, and whether they did after it.

    Of more than `MOST` an even part, the same every time.
    """
    begin = days_span(month, last_day(month)).end
    with connection.cursor() as cursor:
        cursor.execute(NUMBER, [month])
        number = cursor.fetchone()[0]
        cursor.execute(
            ROWS,
            {
                "month": month,
                "begin": begin,
                "end": begin + AWAY,
                "cancelled": OrderStatus.CANCELLED,
                "parts": -(-number // MOST) or 1,
            },
        )
        found = np.array(cursor.fetchall(), dtype=float).reshape(-1, len(TRAITS) + 1)
    return found[:, :-1], found[:, -1]


def of_rows(pks: Sequence[int]) -> dict[int, tuple[float, ...]]:
    """The traits of some rows, by their numbers. One query."""
    with connection.cursor() as cursor:
        cursor.execute(OF_ROWS, [list(pks)])
        return {pk: tuple(given) for pk, *given in cursor.fetchall()}


def told(model: Model, given: Sequence[float]) -> list[str]:
    """What moves somebody towards leaving, the strongest first: names of inputs, each with its knowing."""
    by_trait = dict(zip(TRAITS, map(float, pushes(model, [given])[0]), strict=True))
    moved = {name: by_trait[name] + by_trait.get(f"{name}_known", 0.0) for name in (*COUNTED, *ASKED)}
    return [name for name, push in sorted(moved.items(), key=lambda one: -one[1]) if push > LEAST]


def chance(model: Model) -> tuple[str, list[float]]:
    """A model's chance of leaving in SQL over a member's columns, and what is put into it."""
    terms = [
        (f"%s * ({sql} - %s)", weight / spread, mean)
        for sql, weight, spread, mean in zip(
            TRAITS.values(), model.weights, model.spreads, model.means, strict=True
        )
        if weight
    ]
    line = " + ".join(["%s::double precision", *(sql for sql, *_numbers in terms)])
    params = [model.bias, *(number for _sql, *numbers in terms for number in numbers)]
    return f"1 / (1 + exp(least(greatest(-({line}), -{FURTHEST}), {FURTHEST})))", params


def last_day(month: date) -> date:
    """The last day of a month."""
    return (month + timedelta(31)).replace(day=1) - timedelta(1)
