"""One question against another, or against what is known of members: counts, shares, and a test.

Anonymous answers are crossed with stratum and channel alone. Tables of two questions share their margins with
each other and with the figures of each question; no guard of one table sees what the others give away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from config.common.statistics import Together, together
from surveys.models import Dimension, QuestionKind
from surveys.results import answers
from surveys.results.answers import Source
from surveys.results.counted import COLUMNS
from surveys.results.dimensions import labels
from surveys.results.figures import tell
from surveys.results.hiding import keys_of
from surveys.results.questions import Asked

MOST = 30
"""Columns; the rest of a dimension's values is left out, the smallest first."""
CROSSED = (
    QuestionKind.CSAT, QuestionKind.CES, QuestionKind.NPS, QuestionKind.STARS, QuestionKind.LIKERT,
    QuestionKind.SINGLE, QuestionKind.MULTIPLE, QuestionKind.CONSENT,
)  # fmt: skip
SEVERAL = (QuestionKind.MULTIPLE,)
"""Of which a person gives several answers: shares hold, tests do not."""
PAIRS = """
    WITH alike AS (
        SELECT one.score AS down, one.picked AS downs, other.score AS across, other.picked AS acrosses,
               count(*) AS n
        FROM unnest(%(waves)s::bigint[], %(until)s::date[]) AS asked (wave_id, until)
        JOIN surveys_response response ON response.wave_id = asked.wave_id
         AND (asked.until IS NULL OR response.week <= asked.until)
        JOIN surveys_answer one ON one.response_id = response.id AND one.question_id = ANY(%(down)s)
        JOIN surveys_answer other ON other.response_id = response.id AND other.question_id = ANY(%(across)s)
        WHERE {conditions}
        GROUP BY 1, 2, 3, 4
    )
    SELECT down.key, across.key, sum(n)::bigint
    FROM alike
    CROSS JOIN LATERAL (SELECT alike.down::text WHERE alike.down IS NOT NULL
                        UNION ALL SELECT unnest(alike.downs)) AS down (key)
    CROSS JOIN LATERAL (SELECT alike.across::text WHERE alike.across IS NOT NULL
                        UNION ALL SELECT unnest(alike.acrosses)) AS across (key)
    GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An answer: how many gave it, by column; shares are of the row and of the column. None: withheld."""

    label: str
    counts: Sequence[int | None]
    of_row: Sequence[float | None]
    of_column: Sequence[float | None]
    total: int | None


@dataclass(frozen=True, slots=True)
class Crosstab:
    """The table, its sums, and the test; `overlaps` where a person may stand in several of its cells."""

    rows: Sequence[Row]
    columns: Sequence[str]
    totals: Sequence[int | None]
    total: int | None
    test: Together | None
    overlaps: bool
    is_hidden: bool


def crossed(questions: Sequence[Asked]) -> list[Asked]:
    """The questions that can be crossed."""
    return [one for one in questions if one.kind in CROSSED]


def by_question(source: Source, down: Asked, across: Asked) -> Crosstab | None:
    """One question against another; None where the answers are anonymous."""
    if source.campaign.is_anonymous:
        return None
    given = {**source.cut.given, "down": down.numbers, "across": across.numbers}
    conditions = ["true"]
    for place, (name, values) in enumerate(source.cut.narrow):
        given[f"narrow{place}"] = list(values)
        conditions.append(COLUMNS[Dimension(name)].format(name=f"narrow{place}"))
    with connection.cursor() as cursor:
        cursor.execute(PAIRS.format(conditions=" AND ".join(conditions)), given)
        counts = {(one, other): n for one, other, n in cursor.fetchall()}
    names = _names(across)
    overlaps = down.kind in SEVERAL or across.kind in SEVERAL
    return _table(down, counts, names, overlaps=overlaps)


def by_dimension(source: Source, down: Asked, dimension: str) -> Crosstab | None:
    """A question against something known; None where the answers are not to be told of (yet)."""
    found = answers.by(source.about([down]), dimension)
    if source.campaign.is_anonymous:
        return _as_shown(down, found, labels(dimension, list(found))) if found else None
    sizes = {value: one.responses or 0 for value, one in found.items()}
    kept = sorted(found, key=lambda value: (-sizes[value], value))[:MOST]
    names = labels(dimension, kept)
    counts = {
        (key, value): n
        for value in kept
        for key, n in found[value].by_question[down.name][""].counts.items()
        if n
    }
    overlaps = down.kind in SEVERAL or dimension == Dimension.SEGMENT
    return _table(down, counts, names, overlaps=overlaps)


def _names(asked: Asked) -> dict[str, str]:
    return {bar.key: bar.label for bar in tell(asked, {}).bars}


def _table(
    down: Asked, counts: Mapping[tuple[str, str], int], columns: Mapping[str, str], *, overlaps: bool
) -> Crosstab:
    keys, names = keys_of(down, []), _names(down)
    table = [[counts.get((key, column), 0) for column in columns] for key in keys]
    downs = [sum(row[place] for row in table) for place in range(len(columns))]
    return Crosstab(
        [_row(names[key], row, sum(row), downs) for key, row in zip(keys, table, strict=True)],
        list(columns.values()),
        downs,
        sum(downs),
        None if overlaps else together(table),
        overlaps=overlaps,
        is_hidden=False,
    )


def _row(label: str, counts: Sequence[int | None], of: int | None, downs: Sequence[int | None]) -> Row:
    return Row(
        label,
        counts,
        [_share(n, of) for n in counts],
        [_share(n, down) for n, down in zip(counts, downs, strict=True)],
        of,
    )


def _share(n: int | None, of: int | None) -> float | None:
    return n / of if n is not None and of else None


def _as_shown(down: Asked, found: Mapping[str, answers.Answers], names: Mapping[str, str]) -> Crosstab:
    """The table as it was guarded beside the whole wave."""
    told = [found[value].by_question.get(down.name, {}).get("") for value in names]
    downs = [one.n if one else None for one in told]
    rows = []
    for key, label in _names(down).items():
        counts = [one.counts.get(key) if one else None for one in told]
        known = [n for n in counts if n is not None]
        rows.append(_row(label, counts, sum(known) if len(known) == len(counts) else None, downs))
    hidden = any(n is None for row in rows for n in row.counts)
    return Crosstab(rows, list(names.values()), downs, None, None, overlaps=False, is_hidden=hidden)
