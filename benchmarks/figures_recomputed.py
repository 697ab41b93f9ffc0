"""Every figure of every day counted a second time, by plain SQL that shares nothing with kpis.metrics.

    DATA_DIR=… PYTHONPATH=. .venv/bin/python benchmarks/figures_recomputed.py [FIRST LAST]

Reads the installation that DATA_DIR or DATABASE_URL names (the demo shop, an import of Olist's orders), takes
the figures of its days, counts the rows anew from what the definitions say in words, and prints by figure how
many counts were compared and how many differ. Nothing is kept: the transaction is undone.
"""

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import embedded

embedded.use()

import django

django.setup()

from django.db import connection, transaction
from django.utils import timezone

from compensation.models import Segment
from compensation.segments.queries import makes_sense, members
from kpis.models import FigureDay, Snapshot
from kpis.snapshots.commands import take

SHOP = ZoneInfo("Asia/Shanghai")
CLOCK = """
SELECT coalesce(clock.breached_at, clock.met_at), 1, (clock.breached_at IS NULL)::int, clock.department_id,
  c.agent_id, c.channel, member.region, c.member_id, c.order_id, NULL
FROM feedback_clock clock LEFT JOIN feedback_case c ON c.id = clock.case_id
LEFT JOIN compensation_member member ON member.id = c.member_id WHERE {only}
"""
CASE = """
SELECT c.{until}, 1, round(extract(epoch FROM c.{until} - c.opened_at)), c.department_id, c.agent_id,
  c.channel, member.region, c.member_id, c.order_id, NULL
FROM feedback_case c JOIN compensation_member member ON member.id = c.member_id WHERE c.merged_into_id IS NULL
"""
ANSWER = """
SELECT response.at, 1, {value}, response.department_id, response.agent_id, response.channel, member.region,
  invitation.member_id, NULL, response.product_id
FROM surveys_answer answer JOIN surveys_response response ON response.id = answer.response_id
JOIN surveys_question question ON question.id = answer.question_id
LEFT JOIN surveys_invitation invitation ON invitation.id = response.invitation_id
LEFT JOIN compensation_member member ON member.id = invitation.member_id
WHERE answer.score IS NOT NULL AND {only}
"""
REVIEW = """
SELECT review.written_at, 1, {value}, NULL, NULL, review.source, member.region, review.member_id, NULL,
  review.product_id
FROM feedback_review review LEFT JOIN compensation_member member ON member.id = review.member_id
WHERE review.follows_id IS NULL AND review.counts
"""
ORDER = """
SELECT {at}, {n}, {value}, NULL, NULL, o.channel, o.region, o.member_id, o.id, NULL
FROM compensation_order o {more} WHERE {only}
"""
STANDS = "SELECT FROM feedback_gap gap WHERE gap.order_id = o.id AND gap.withdrawn_at IS NULL AND "
PROMISED = """
JOIN (SELECT line.order_id, max(promise.due_at) AS due_at FROM feedback_promise promise
  JOIN compensation_orderline line ON line.id = promise.line_id
  WHERE promise.aspect = 'delivery' AND promise.withdrawn_at IS NULL GROUP BY line.order_id
) promised ON promised.order_id = o.id
"""
BOUGHT_AGAIN = """
(EXISTS (SELECT FROM compensation_order again WHERE again.member_id = o.member_id
  AND again.status <> 'cancelled' AND again.placed_at > o.placed_at
  AND again.placed_at <= o.placed_at + interval '30 days'))::int
"""
COMPLAINT = """
SELECT c.opened_at, 0, 1, NULL, NULL, c.channel, member.region, c.member_id, c.order_id, NULL
FROM feedback_case c JOIN compensation_member member ON member.id = c.member_id
WHERE c.kind = 'complaint' AND c.merged_into_id IS NULL
"""
QUALITY = """
SELECT quality.scored_at, 1, round(quality.score), quality.department_id, quality.agent_id, c.channel,
  member.region, c.member_id, c.order_id, NULL
FROM feedback_qualitycheck quality JOIN feedback_case c ON c.id = quality.case_id
JOIN compensation_member member ON member.id = c.member_id WHERE quality.status = 'scored'
"""
REOPENED = """
SELECT clock.met_at, 1, (EXISTS (SELECT FROM common_event event WHERE event.subject_type = 'case'
    AND event.subject_id = clock.case_id AND event.kind = 'case.reopened' AND event.at >= clock.met_at))::int,
  clock.department_id, c.agent_id, c.channel, member.region, c.member_id, c.order_id, NULL
FROM feedback_clock clock JOIN feedback_case c ON c.id = clock.case_id
JOIN compensation_member member ON member.id = c.member_id WHERE clock.milestone = 'resolution'
"""
KEPT = "o.status <> 'cancelled'"


def order(at: str, value: str = "0", *, n: int = 1, only: str = KEPT, more: str = "") -> str:
    """Facts of orders."""
    return ORDER.format(at=at, n=n, value=value, only=only, more=more)


def gap(kind: str) -> str:
    """Whether a gap of a kind stands, of orders placed."""
    return order("o.placed_at", f"(EXISTS ({STANDS} gap.kind = '{kind}'))::int")


LATE = f"(EXISTS ({STANDS} gap.aspect = 'delivery'))::int"
PLACED = order("o.placed_at", only="true")
FACTS = {
    "first_reply_attainment": [CLOCK.format(only="clock.milestone = 'first_reply'")],
    "resolution_attainment": [CLOCK.format(only="clock.milestone = 'resolution'")],
    "sla_attainment": [CLOCK.format(only="true")],
    "first_reply_time": [CASE.format(until="first_replied_at")],
    "resolution_time": [CASE.format(until="resolved_at")],
    "reopened_rate": [REOPENED],
    "quality_score": [QUALITY],
    "csat": [ANSWER.format(value="answer.score", only="question.kind = 'csat' AND question.scale = 5")],
    "ces": [ANSWER.format(value="answer.score", only="question.kind = 'ces' AND question.scale = 5")],
    "nps": [
        ANSWER.format(
            value="100 * ((answer.score >= 9)::int - (answer.score <= 6)::int)", only="question.kind = 'nps'"
        )
    ],
    "review_score": [REVIEW.format(value="review.stars")],
    "bad_review_rate": [REVIEW.format(value="(review.stars <= 2)::int")],
    "logistics_on_time": [order("promised.due_at", f"1 - {LATE}", more=PROMISED)],
    "gap_rate": [order("promised.due_at", LATE, more=PROMISED)],
    "gap_rate_product": [gap("product")],
    "gap_rate_service": [gap("service")],
    "gap_rate_price": [gap("price")],
    "complaint_rate": [PLACED, COMPLAINT],
    "return_rate": [PLACED, order("o.returned_at", "1", n=0, only="true")],
    "repurchase_rate": [order("o.placed_at + interval '30 days'", BOUGHT_AGAIN)],
}
BY_PEOPLE = {
    *("first_reply_attainment", "resolution_attainment", "sla_attainment", "first_reply_time"),
    *("resolution_time", "reopened_rate", "quality_score", "csat", "ces", "nps"),
}
"""Figures that departments and agents have."""
Cell = tuple[str, str, str, date]
Counts = list[int]


class Known:
    """What members, orders and products are told apart by, read once."""

    def __init__(self) -> None:
        self.segments: dict[int, set[str]] = defaultdict(set)
        for segment in Segment.objects.all():
            if segment.filters and makes_sense(segment):
                for pk in members(segment, timezone.now()).values_list("pk", flat=True):
                    self.segments[pk].add(segment.code)
        self.tiers: dict[int, list[tuple[datetime, datetime | None, str]]] = defaultdict(list)
        for member, begun, ended, code in rows(
            "SELECT member_id, starts_at, ends_at, code FROM compensation_tierperiod period"
            " JOIN compensation_tier tier ON tier.id = period.tier_id"
        ):
            self.tiers[member].append((begun, ended, code))
        self.of_product = dict(rows("SELECT id, category FROM compensation_product"))
        self.of_order: dict[int, set[str]] = defaultdict(set)
        for number, product in rows("SELECT order_id, product_id FROM compensation_orderline"):
            self.of_order[number].add(self.of_product[product])

    def tier(self, member: int | None, at: datetime) -> str | None:
        """The tier that a member had then."""
        for begun, ended, code in self.tiers.get(member or 0, ()):
            if begun <= at and (ended is None or at < ended):
                return code
        return None

    def categories(self, number: int | None, product: int | None) -> set[str]:
        """The categories of a fact's goods."""
        if product is not None:
            return {self.of_product[product]}
        return self.of_order.get(number or 0, set())


def rows(sql: str) -> list[tuple]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def recount(first: date, last: date) -> dict[Cell, Counts]:
    """Count all facts of some days, a row at a time."""
    known, found = Known(), defaultdict(lambda: [0, 0, 0])
    for metric, statements in FACTS.items():
        for sql in statements:
            for at, n, value, *names in rows(sql):
                day = at.astimezone(SHOP).date() if at else None
                if day is not None and first <= day <= last:
                    for by, key in slices(known, metric, at, names):
                        counts = found[metric, by, key, day]
                        counts[0] += n
                        counts[1] += int(value)
                        counts[2] += int(value) ** 2
    return found


def slices(known: Known, metric: str, at: datetime, names: Iterable) -> Iterator[tuple[str, str]]:
    """What a fact belongs to: the whole, and every key that it names."""
    department, agent, channel, region, member, number, product = names
    yield "", ""
    if metric in BY_PEOPLE:
        yield from ((by, str(key)) for by, key in (("department", department), ("agent", agent)) if key)
    yield from ((by, key[:80]) for by, key in (("channel", channel), ("region", region)) if key)
    if tier := known.tier(member, at):
        yield "tier", tier
    yield from (("segment", code) for code in known.segments.get(member or 0, ()))
    yield from (("category", one) for one in known.categories(number, product) if one)


def main() -> None:
    """Compare."""
    with transaction.atomic():
        asked = [date.fromisoformat(word) for word in sys.argv[1:3]]
        first, last = asked or (
            min(day for (day,) in rows("SELECT min(placed_at)::date - 1 FROM compensation_order")),
            timezone.localdate(),
        )
        begun = time.perf_counter()
        FigureDay.objects.filter(day__range=(first, last)).update(closed_at=None, closed_by=None)
        take(first=first, last=last, at=timezone.now())
        print(f"{first} – {last}: taken in {time.perf_counter() - begun:.1f} s", flush=True)
        begun = time.perf_counter()
        found = recount(first, last)
        print(f"counted anew in {time.perf_counter() - begun:.1f} s\n")
        kept: dict[Cell, Counts] = {
            (metric, by, key, day): [n, total, int(squares)]
            for metric, by, key, day, n, total, squares in Snapshot.objects.filter(
                day__range=(first, last)
            ).values_list("metric", "dimension", "key", "day", "n", "total", "squares")
        }
        transaction.set_rollback(True)
    print("| figure | measured | counts compared | that differ |\n|---|--:|--:|--:|")
    differ = 0
    for metric in FACTS:
        cells = {cell for cell in (*found, *kept) if cell[0] == metric}
        wrong = sorted(cell for cell in cells if found.get(cell) != kept.get(cell))
        differ += len(wrong)
        measured = sum(kept[cell][0] for cell in cells if not cell[1] and cell in kept)
        print(f"| {metric} | {measured:,} | {len(cells):,} | {len(wrong)} |")
        for cell in wrong[:3]:
            print(f"    {cell}: kept {kept.get(cell)}, counted {found.get(cell)}")
    print(f"\n{len(kept):,} counts kept, {differ} differences")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
