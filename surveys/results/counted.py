"""Reading the sums of answers: of some waves, narrowed to some, told apart by something.

What is narrowed by one thing at most is read from the sums; by several, from the answers themselves.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection

from surveys.models import Dimension
from surveys.results.sums import HELD, KEYS

WEEK = "week"
Counts = dict[str, int]
"""By what was answered, how many; "" counts those who gave any answer."""
Sums = dict[tuple[int | None, str], Counts]
"""By question and row; None counts responses."""

OF_SUMS = """
    SELECT tally.wave_id, {value}, tally.question_id, tally."row", each.key, sum(each.n::bigint)::bigint
    FROM unnest(%(waves)s::bigint[], %(until)s::date[]) AS asked (wave_id, until)
    JOIN surveys_tally tally ON tally.wave_id = asked.wave_id AND tally.dimension = %(dimension)s
     AND (asked.until IS NULL OR tally.week <= asked.until)
    CROSS JOIN LATERAL jsonb_each_text(tally.counts) AS each (key, n)
    WHERE {conditions}
    GROUP BY 1, 2, 3, 4, 5
"""
OF_ANSWERS = f"""
    WITH taken AS MATERIALIZED (
        SELECT response.id, response.wave_id, response.week::text AS week, response.at, response.invitation_id
        FROM unnest(%(waves)s::bigint[], %(until)s::date[]) AS asked (wave_id, until)
        JOIN surveys_response response ON response.wave_id = asked.wave_id
         AND (asked.until IS NULL OR response.week <= asked.until)
        WHERE {{conditions}}
    ), held AS MATERIALIZED ({HELD}), alike AS (
        SELECT taken.wave_id, {{value}} AS value, answer.question_id, answer."row", answer.score,
               answer.second, answer.picked, answer.number, answer.day, count(*) AS n
        FROM taken JOIN surveys_answer answer ON answer.response_id = taken.id {{joined}}
        WHERE {{questions}}
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    )
    SELECT answer.wave_id, answer.value, answer.question_id, answer."row", keyed.key, sum(answer.n)::bigint
    FROM alike AS answer JOIN surveys_question question ON question.id = answer.question_id
    CROSS JOIN LATERAL ({KEYS}) AS keyed (key)
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT taken.wave_id, {{value}}, NULL, '', '', count(*) FROM taken {{joined}} GROUP BY 1, 2
    {{timed}}
"""  # noqa: S608 - put together from texts of the code
"""Answers that are alike are counted first, and told apart by what is counted of them then."""
TIMED = """
    UNION ALL
    SELECT taken.wave_id, {value}, NULL, 'hour', extract(hour FROM taken.at AT TIME ZONE %(zone)s)::int::text,
           count(*)
    FROM taken {joined} WHERE taken.at IS NOT NULL GROUP BY 1, 2, 5
    UNION ALL
    SELECT taken.wave_id, {value}, NULL, 'waited',
           floor(extract(epoch FROM taken.at - invitation.invited_at) / 3600)::int::text, count(*)
    FROM taken JOIN surveys_invitation invitation ON invitation.id = taken.invitation_id {joined}
    WHERE taken.at IS NOT NULL AND invitation.way = 'asked' GROUP BY 1, 2, 5
"""
OF_NOTHING = "tally.question_id IS NULL AND tally.\"row\" = ''"
OPTIONS = f"""
    SELECT tally.dimension, tally.value, sum((tally.counts ->> '')::bigint)::bigint
    FROM surveys_tally tally
    WHERE tally.wave_id = ANY(%(waves)s) AND {OF_NOTHING} AND tally.dimension <> ''
    GROUP BY 1, 2
"""  # noqa: S608 - put together from texts of the code
COLUMNS = {
    Dimension.STRATUM: "response.stratum_id::text = ANY(%({name})s)",
    Dimension.CHANNEL: "response.channel = ANY(%({name})s)",
    Dimension.SEGMENT: "response.segments && %({name})s::varchar[]",
    Dimension.TIER: "response.tier_id::text = ANY(%({name})s)",
    Dimension.AGENT: "response.agent_id::text = ANY(%({name})s)",
    Dimension.DEPARTMENT: "response.department_id::text = ANY(%({name})s)",
    Dimension.PRODUCT: "response.product_id::text = ANY(%({name})s)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Which responses are told of: of some waves, those that have one of the values of each dimension."""

    waves: tuple[int, ...]
    narrow: tuple[tuple[str, tuple[str, ...]], ...] = ()
    until: tuple[date | None, ...] = ()
    """By wave the last week that counts; None, or nothing at all: every week."""

    @property
    def given(self) -> dict[str, Any]:
        """What both ways of reading are given."""
        until = self.until or (None,) * len(self.waves)
        return {"waves": list(self.waves), "until": list(until), "zone": settings.TIME_ZONE}

    def of(self, wave: int) -> "Cut":
        """The same of one wave."""
        until = dict(zip(self.waves, self.until, strict=True)).get(wave) if self.until else None
        return Cut(waves=(wave,), narrow=self.narrow, until=(until,))


def count(cut: Cut, *, by: str = "", questions: Collection[int] | None = None) -> dict[tuple[int, str], Sums]:
    """The sums by wave and by value of a dimension or week ("" without one), of all questions or some.

    How many responses there are is always told, when they came only with all questions.
    """
    if not cut.waves:
        return {}
    statement, given = _of_sums(cut, by, questions) or _of_answers(cut, by, questions)
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows = cursor.fetchall()
    found: dict[tuple[int, str], Sums] = {}
    for wave, value, question, row, key, n in rows:
        found.setdefault((wave, value), {}).setdefault((question, row), {})[key] = n
    return found


def options(waves: Collection[int]) -> dict[str, dict[str, int]]:
    """By dimension its values, with how many responses have each. Reads tally_options."""
    with connection.cursor() as cursor:
        cursor.execute(OPTIONS, {"waves": list(waves)})
        rows = cursor.fetchall()
    found: dict[str, dict[str, int]] = {}
    for dimension, value, n in rows:
        found.setdefault(dimension, {})[value] = n
    return found


def added(sums: Collection[Sums]) -> Sums:
    """Several sums as one."""
    found: Sums = {}
    for one in sums:
        for place, counts in one.items():
            held = found.setdefault(place, {})
            for key, n in counts.items():
                held[key] = held.get(key, 0) + n
    return found


def whole(cut: Cut, questions: Collection[int] | None = None) -> Sums:
    """The sums of all waves of a cut together."""
    return added(list(count(cut, questions=questions).values()))


def _of_sums(cut: Cut, by: str, questions: Collection[int] | None) -> tuple[str, Mapping[str, Any]] | None:
    """How to read the sums; None where they do not tell."""
    dimension, values = by if by != WEEK else "", None
    for name, wanted in cut.narrow:
        overlaps = name == Dimension.SEGMENT and len(wanted) > 1
        if values is not None or by not in {"", WEEK, name} or (overlaps and by != name):
            return None
        dimension, values = name, list(wanted)
    conditions, given = ["true"], {**cut.given, "dimension": dimension}
    if values is not None:
        conditions.append("tally.value = ANY(%(values)s)")
        given["values"] = values
    if questions is not None:
        of_questions = f"(tally.question_id = ANY(%(questions)s) OR {OF_NOTHING})"
        conditions.append(of_questions if questions else OF_NOTHING)
        given["questions"] = list(questions)
    value = {"": "''", WEEK: "tally.week::text"}.get(by, "tally.value")
    return OF_SUMS.format(value=value, conditions=" AND ".join(conditions)), given


def _of_answers(cut: Cut, by: str, questions: Collection[int] | None) -> tuple[str, Mapping[str, Any]]:
    given = {**cut.given, "by": by, "questions": list(questions or ())}
    conditions = ["true"]
    for place, (name, wanted) in enumerate(cut.narrow):
        given[f"narrow{place}"] = list(wanted)
        conditions.append(COLUMNS[Dimension(name)].format(name=f"narrow{place}"))
    parts = {
        "value": {"": "''", WEEK: "taken.week"}.get(by, "held.value"),
        "joined": "" if by in {"", WEEK} else "JOIN held ON held.id = taken.id AND held.dimension = %(by)s",
    }
    return OF_ANSWERS.format(
        conditions=" AND ".join(conditions),
        questions="true" if questions is None else "answer.question_id = ANY(%(questions)s)",
        timed=TIMED.format(**parts) if questions is None else "",
        **parts,
    ), given
