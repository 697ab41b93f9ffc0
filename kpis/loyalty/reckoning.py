"""The index of many members by one statement, from what is known of them and a version's weights.

It is `rules.index` said in SQL; a property test holds the two against each other.
"""

from datetime import date
from typing import Any

from django.db import connection

from kpis.loyalty.gathering import COLUMNS, FRESH
from kpis.loyalty.leaving import Model
from kpis.loyalty.rules import INPUTS, Input, Part, Ruler, Scheme
from kpis.loyalty.traits import HERE, chance
from kpis.models import LoyaltyMonth

Said = tuple[str, list[Any]]
"""SQL, and what is put into it in its order."""
MONTHS = LoyaltyMonth._meta.db_table
PARTS = tuple(part.value for part in Part)
MOVED = 3
"""Over so many months the change of an index is told."""
FEWEST = 10
"""In a tier with fewer of whom something is known nobody is told a percentile: one more or less would move it
by more than a tenth."""
PLACE = f"""
CASE WHEN count(*) OVER (PARTITION BY tier) >= {FEWEST} THEN
    100.0 * (rank() OVER (PARTITION BY tier ORDER BY value) - 1
        + 0.5 * count(*) OVER (PARTITION BY tier, value)) / count(*) OVER (PARTITION BY tier)
END
"""
"""The percentile: the share with less, and half of those with the same, who are neither above nor below
(Crawford, Garthwaite & Slick 2009, The Clinical Neuropsychologist 23, 1173-1195)."""
PREVIEW = """
SELECT tier, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY was),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY value)
FROM ({valued}) valued GROUP BY tier ORDER BY tier
"""


def reckon(month: date, scheme: Scheme, model: Model | None = None) -> int:
    """Write the month of every member of whom something is known; gives of how many. Inside a transaction.

    With a model each who has not left already is given the chance of leaving.
    """
    valued, of_valued = _valued(FRESH, scheme)
    leaving, of_leaving = chance(model) if model else ("NULL::double precision", [])
    columns = ", ".join((*COLUMNS, *PARTS))
    ours = ", ".join(f"valued.{one}" for one in (*COLUMNS, *PARTS))
    alike = " AND ".join(f"(before.{one} IS NULL) = (valued.{one} IS NULL)" for one in PARTS)
    statement = f"""
    INSERT INTO {MONTHS} (month, member_id, tier, {columns}, value, percentile, chance, change)
    SELECT %s, valued.member_id, valued.tier, {ours}, valued.value, valued.percentile, valued.leaving,
        CASE WHEN {alike} THEN valued.value - before.value END
    FROM (
        SELECT *, {PLACE} AS percentile,
            CASE WHEN {HERE} THEN {leaving} END AS leaving
        FROM ({valued}) valued WHERE value IS NOT NULL
    ) valued
    LEFT JOIN {MONTHS} before ON before.member_id = valued.member_id AND before.month = %s
    """  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        cursor.execute(statement, [month, *of_leaving, *of_valued, months_before(month, MOVED)])
        number = int(cursor.rowcount)
        cursor.execute(f"ANALYZE {MONTHS}")  # a month that no statistics know of is thought to be empty
    return number


def months_before(month: date, number: int) -> date:
    """The first day of the month so many months before."""
    years, rest = divmod(month.year * 12 + month.month - 1 - number, 12)
    return date(years, rest + 1, 1)


def preview(month: date, scheme: Scheme) -> list[tuple[str, int, float, float | None]]:
    """What a month would be by other weights: of every tier how many, the median as it is and as tried."""
    kept = f"(SELECT *, value AS was FROM {MONTHS} WHERE month = %s)"  # noqa: S608 - names of our own
    bare = ", ".join(("member_id", "tier", "was", *COLUMNS))
    valued, params = _valued(f"(SELECT {bare} FROM {kept} kept)", scheme)  # noqa: S608 - names of our own
    # the month stands innermost, behind every parameter of the columns around it
    with connection.cursor() as cursor:
        cursor.execute(PREVIEW.format(valued=valued), [*params, month])
        return list(cursor.fetchall())


def _valued(source: str, scheme: Scheme) -> Said:
    """The rows of a source with the three parts and the index; NULL where nothing is known."""
    whole, of_whole = _mean([(part.value, weight) for part, weight in scheme.parts.items()])
    parts, of_parts = _columns(
        {
            part.value: _mean([(f"read_{name.value}", scheme.inputs[name].weight) for name in names])
            for part, names in INPUTS.items()
        }
    )
    read, of_read = _columns(
        {f"read_{name.value}": _read(name, ruler) for name, ruler in scheme.inputs.items()}
    )
    statement = f"""
    SELECT *, {whole} AS value FROM (
        SELECT *, {parts} FROM (SELECT *, {read} FROM {source} known) read
    ) parts
    """  # noqa: S608 - names of our own
    return statement, [*of_whole, *of_parts, *of_read]


def _read(name: Input, ruler: Ruler) -> Said:
    """An input on 0–100; NULL stays NULL, which `least` and `greatest` would pass over."""
    low, high = sorted((ruler.zero, ruler.full))
    share = f"(least(greatest({name.value}, %s), %s) - %s) / %s"
    read = f"100 * {share}" if ruler.full > ruler.zero else f"100 * (1 - {share})"
    return f"CASE WHEN {name.value} IS NOT NULL THEN {read} END", [low, high, low, high - low]


def _mean(weighed: list[tuple[str, float]]) -> Said:
    """The weighted mean of the columns that are there; NULL where none is."""
    weighed = [(column, weight) for column, weight in weighed if weight]
    if not weighed:
        return "NULL::double precision", []
    above = " + ".join(f"coalesce({column} * %s, 0)" for column, _weight in weighed)
    below = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE %s END" for column, _weight in weighed)
    there = " OR ".join(f"{column} IS NOT NULL" for column, _weight in weighed)
    weights = [weight for _column, weight in weighed]
    return f"CASE WHEN {there} THEN least(100, ({above}) / ({below})) END", [*weights, *weights]


def _columns(named: dict[str, Said]) -> Said:
    """Columns by their names."""
    said = ", ".join(f"{sql} AS {name}" for name, (sql, _params) in named.items())
    return said, [one for _sql, params in named.values() for one in params]
