"""The answers behind a figure, each with what may have moved it, and the answers with one such driver.

The answers are those that the figure itself counts. Anonymous ones are not among them: they have no moment,
and nothing that they could be joined with. What happened after the answer is no driver of it.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from compensation.models import GrantKind, Tier
from feedback.models import Aspect, Milestone, ReviewDimension
from kpis.attribution.rules import AFTER, Alike, kind_of
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rows import Of, narrow
from kpis.metrics.sources import Span
from kpis.models import MetricCode
from surveys.models import Answer, Choice, Need

EXPLAINED = (MetricCode.NPS, MetricCode.CSAT)
"""The figures whose drivers are looked for."""
VALUES: Mapping[MetricCode, tuple[int, ...]] = {
    MetricCode.NPS: (100, 0, -100),
    MetricCode.CSAT: (5, 4, 3, 2, 1),
}
"""The values that an answer has in them, the best first: promoters, passives, detractors; stars."""
LOW_VALUES: Mapping[MetricCode, tuple[int, ...]] = {MetricCode.NPS: (-100,), MetricCode.CSAT: (1, 2)}
"""Of these the discontented: detractors, and whoever is not satisfied."""
LOW = {MetricCode.NPS: _("detractor’s answer"), MetricCode.CSAT: _("dissatisfied answer")}
CASES = {
    "taken": pgettext_lazy("lost members", "worked on"),
    "resolved": pgettext_lazy("lost members", "resolved"),
}
BAD_STARS = 2
NONE = {"tier:": _("none, or unknown"), "category:": _("none, or unknown")}
"""What an answer has whose member had no tier, or of no product that we know."""
NAMED = re.compile(r"[0-9]{1,9}\.[-\w]+\.[-\w]+")
"""A reason: the number of the questionnaire, the codes of question and choice."""

TAGGED = """
WITH answers (id, response_id, at, order_id, case_id, tier_id, category, member_id, value)
  AS MATERIALIZED ({answers}),
asked AS MATERIALIZED (
  SELECT a.id, a.response_id, a.at, a.case_id, a.tier_id, a.category, a.member_id, a.value,
    COALESCE(a.order_id, c.order_id) AS order_id
  FROM answers a LEFT JOIN feedback_case c ON c.id = a.case_id
),
tagged (id, driver) AS (
  SELECT a.id, 'gap:' || g.aspect FROM asked a
    JOIN feedback_gap g ON g.order_id = a.order_id AND g.withdrawn_at IS NULL AND g.detected_at <= a.at
  UNION
  SELECT a.id, 'clock:' || k.milestone FROM asked a
    JOIN feedback_clock k ON k.case_id = a.case_id AND k.breached_at <= a.at
  UNION
  SELECT a.id, 'review:' || d.code FROM asked a
    JOIN feedback_review r ON r.order_id = a.order_id AND r.counts AND r.written_at <= a.at
    JOIN feedback_reviewscore s ON s.review_id = r.id AND s.stars <= %s
    JOIN feedback_reviewdimension d ON d.id = s.dimension_id
  UNION
  SELECT a.id,
      CASE WHEN q.show_if = '{{}}' AND COALESCE(z.show_if, '{{}}') = '{{}}' THEN 'reason:' ELSE %s END
      || v.survey_id || '.' || q.code || '.' || p.code
    FROM asked a JOIN surveys_answer x ON x.response_id = a.response_id AND x.picked IS NOT NULL
    JOIN surveys_question q ON q.id = x.question_id AND q.kind IN ('single', 'multiple')
    LEFT JOIN surveys_section z ON z.id = q.section_id
    JOIN surveys_surveyversion v ON v.id = q.version_id
    CROSS JOIN LATERAL unnest(x.picked) p (code)
  UNION
  SELECT a.id, 'need:' || n.code FROM asked a
    JOIN surveys_answer x ON x.response_id = a.response_id
    JOIN surveys_evidence e ON e.answer_id = x.id JOIN surveys_need n ON n.id = e.need_id
    JOIN surveys_question q ON q.id = x.question_id AND q.show_if = '{{}}'
    LEFT JOIN surveys_section z ON z.id = q.section_id
    WHERE COALESCE(z.show_if, '{{}}') = '{{}}'
  UNION ALL
  SELECT a.id, 'tier:' || COALESCE(t.code, '') FROM asked a LEFT JOIN compensation_tier t ON t.id = a.tier_id
  UNION ALL
  SELECT a.id, 'category:' || COALESCE(a.category, (
      SELECT p.category FROM compensation_orderline l JOIN compensation_product p ON p.id = l.product_id
      WHERE l.order_id = a.order_id ORDER BY l.paid_fen DESC, l.id LIMIT 1), '') FROM asked a
)
"""
GROUPED = """
SELECT drivers, value, CASE WHEN times > 1 THEN member_id END, count(*) FROM (
  SELECT a.id, a.value, a.member_id, count(*) OVER (PARTITION BY a.member_id) AS times,
    array_agg(t.driver ORDER BY t.driver) AS drivers
  FROM asked a JOIN tagged t ON t.id = a.id GROUP BY a.id, a.value, a.member_id
) one GROUP BY 1, 2, 3
"""
HAVING = "SELECT t.id FROM tagged t JOIN asked a ON a.id = t.id WHERE t.driver = %s"


def groups(code: MetricCode, span: Span, *, of: Of) -> list[Alike]:
    """The answers of a figure, those with the same drivers and value together.

    Who answered several times is told apart; who answered once, or is unknown, is not.
    """
    with connection.cursor() as cursor:
        tagged, params = _tagged(code, span, of)
        cursor.execute(tagged + GROUPED, params)
        return [
            Alike(frozenset(drivers), float(value), n, member)
            for drivers, value, member, n in cursor.fetchall()
        ]


def having(
    code: MetricCode, span: Span, *, of: Of, driver: str, values: Collection[int] = ()
) -> QuerySet[Answer]:
    """The answers of a figure that have a driver, and one of the values if any are given; newest first."""
    tagged, params = _tagged(code, span, of)
    wanted, more = (f"{HAVING} AND a.value = ANY(%s)", (list(values),)) if values else (HAVING, ())
    chosen = RawSQL(tagged + wanted, (*params, driver, *more))  # noqa: S611 - all that is asked for is a parameter
    return Answer.objects.filter(pk__in=chosen).order_by("-response__at", "-pk")


def _tagged(code: MetricCode, span: Span, of: Of) -> tuple[str, tuple[Any, ...]]:
    source = METRICS[code].sources[0]
    found = narrow(source, span, of).order_by().annotate(worth=source.worth)
    sql, params = found.values_list(
        "pk",
        "response_id",
        "response__at",
        "response__invitation__order_id",
        "response__invitation__case_id",
        "response__tier_id",
        "response__product__category",
        "response__invitation__member_id",
        "worth",
    ).query.sql_with_params()
    return TAGGED.format(answers=sql), (*params, BAD_STARS, f"{AFTER}:")


def labels(names: Collection[str]) -> dict[str, str]:
    """What drivers are called, in the language of the moment; unknown ones stand for themselves."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        if "\x00" not in name:
            kinds.setdefault(kind_of(name), []).append(name.partition(":")[2])
    found = {kind: CALLED[kind](codes) for kind, codes in kinds.items() if kind in CALLED}
    return {
        name: str(NONE[name])
        if name in NONE
        else found.get(kind_of(name), {}).get(name.partition(":")[2]) or name
        for name in names
    }


def _reasons(codes: list[str]) -> dict[str, str]:
    """The words of choices, those of the newest version."""
    parts = [code.split(".", 2) for code in codes if NAMED.fullmatch(code)]
    rows = Choice.objects.filter(
        question__version__survey__in={int(survey) for survey, _question, _choice in parts},
        question__code__in={question for _survey, question, _choice in parts},
        code__in={choice for _survey, _question, choice in parts},
    ).order_by("question__version__number")
    english = (get_language() or "").startswith("en")
    return {
        f"{survey}.{question}.{code}": (text_en if english else "") or text
        for survey, question, code, text, text_en in rows.values_list(
            "question__version__survey_id", "question__code", "code", "text", "text_en"
        )
    }


def _tiers(codes: list[str]) -> dict[str, str]:
    return {tier.code: str(tier) for tier in Tier.objects.filter(code__in=codes)}


def _needs(codes: list[str]) -> dict[str, str]:
    return {need.code: str(need) for need in Need.objects.filter(code__in=codes)}


def _losses(_codes: list[str]) -> dict[str, str]:
    answers = {code.value: str(label) for code, label in LOW.items()}
    return answers | {f"gap:{value}": str(label) for value, label in Aspect.choices}


def _dimensions(codes: list[str]) -> dict[str, str]:
    return {one.code: str(one) for one in ReviewDimension.objects.filter(code__in=codes)}


CALLED: Mapping[str, Callable[[list[str]], dict[str, str]]] = {
    "gap": lambda _codes: {value: str(label) for value, label in Aspect.choices},
    "clock": lambda _codes: {value: str(label) for value, label in Milestone.choices},
    "review": _dimensions,
    "reason": _reasons,
    AFTER: _reasons,
    "need": _needs,
    "tier": _tiers,
    "category": lambda codes: {code: code for code in codes},
    "given": lambda _codes: {value: str(label) for value, label in GrantKind.choices},
    "case": lambda _codes: {value: str(label) for value, label in CASES.items()},
    "lost": _losses,
}
