"""What all products are ranked by, kept: the stars of some days up to today, and of as many before them.

A product's rows are written anew in the transaction that changed one of its days; with a new day all are.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

from feedback.models import VoiceTrend

PERIODS = (30, 90, 180, 365)
"""The days that are kept; others are summed when somebody asks."""

FORGET = "DELETE FROM feedback_voicetrend WHERE {of_products}"
NOW, BEFORE = "held.day > %(until)s::date - days", "held.day <= %(until)s::date - days"
SUM = """
    INSERT INTO feedback_voicetrend (product_id, source, days, until, n, now, before)
    SELECT product_id, coalesce(source, ''), days, %(until)s,
           (SELECT sum(one) FROM unnest(now) AS one), now, before
    FROM (
        SELECT product_id, held.source, days, {now} AS now, {before} AS before
        FROM feedback_voiceday held
        JOIN unnest(%(periods)s::int[]) AS period (days)
          ON held.day > %(until)s::date - 2 * days AND held.day <= %(until)s::date
        WHERE {of_products}
        GROUP BY GROUPING SETS ((product_id, days), (product_id, days, held.source))
        HAVING bool_or({is_now}) AND held.source IS DISTINCT FROM ''
    ) AS summed
"""


def until() -> date | None:
    """The day that the rows go up to; None where there are none."""
    return VoiceTrend.objects.order_by("pk").values_list("until", flat=True).first()


def recount(products: Iterable[int]) -> None:
    """Sum the rows of some products anew; nothing where no day has begun. Call in a transaction."""
    if (last := until()) is not None:
        _sum(last, sorted(set(products)))


def begin(today: date) -> int:
    """Sum the rows of all products up to a day. Returns how many there are. Call in a transaction."""
    return _sum(today, None)


def _sum(last: date, products: list[int] | None) -> int:
    of_products = "true" if products is None else "product_id = ANY(%(products)s)"
    given: dict[str, Any] = {"until": last, "periods": list(PERIODS), "products": products}
    statement = SUM.format(now=stars_of(NOW), before=stars_of(BEFORE), is_now=NOW, of_products=of_products)
    with connection.cursor() as cursor:
        cursor.execute(FORGET.format(of_products=of_products), given)
        cursor.execute(statement, given)
        return int(cursor.rowcount)


def stars_of(when: str) -> str:
    """The numbers of reviews with one star to five of the days for which something holds, in SQL."""
    sums = (f"coalesce(sum(held.stars[{place}]) FILTER (WHERE {when}), 0)::int" for place in range(1, 6))
    return f"ARRAY[{', '.join(sums)}]"
