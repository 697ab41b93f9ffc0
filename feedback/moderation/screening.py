"""Looking at reviews before everybody reads them: signals, their sum, and whether a moderator is to look.

Run in the transaction that wrote the reviews, whose rows it holds: what is held was never public.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from compensation.models import OrderLine
from config.common import bulk
from config.common.events import Happening, record_all
from feedback.models import (
    ModerationWord,
    Review,
    ReviewSetup,
    ReviewSignal,
    ReviewStatus,
    Signal,
    SignalRule,
)
from feedback.moderation import duplicates, rules
from feedback.moderation.rules import Facts, Rule
from feedback.moderation.shingles import Shingles, bands, shingles
from feedback.moderation.texts import Word
from feedback.triage.reading import read_many

FRESH = timedelta(days=30)
"""What is older when it comes in is history: it is kept for comparing, and nobody is asked to look at it."""
AT_ONCE = 200
BURSTS: Mapping[str, str] = {Signal.BURST_MEMBER: "member_id", Signal.BURST_DEVICE: "device"}


@dataclass(frozen=True, slots=True)
class House:
    """What the house goes by."""

    rules: Mapping[str, Rule]
    words: Sequence[Word]
    hold_from: int


@dataclass(slots=True)
class _Known:
    """What is known of some reviews."""

    orders: dict[int, int] = field(default_factory=dict)
    members: dict[int, int] = field(default_factory=dict)
    bought: dict[int, set[int]] = field(default_factory=dict)
    same: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    sentiments: dict[int, float | None] = field(default_factory=dict)


def house() -> House:
    """The rules and words that are in use."""
    setup = ReviewSetup.objects.first() or ReviewSetup()
    return House(
        {
            rule.signal: Rule(rule.weight, rule.at_least, rule.within_hours, rule.similarity / 100)
            for rule in SignalRule.objects.filter(is_active=True)
        },
        [
            Word(word.signal, word.text, word.is_pattern)
            for word in ModerationWord.objects.filter(is_active=True)
        ],
        setup.hold_from,
    )


def whole(review: Review) -> str:
    """All that a review says."""
    return f"{review.title}\n{review.text}".strip()


def screen(reviews: Sequence[Review], *, at: datetime) -> list[Review]:
    """Look at reviews that were just written, and hold those with too much against them. Gives the held ones.

    `reviews` have `order` loaded and are this transaction's own or locked.
    """
    texts = {review.pk: shingles(whole(review)) for review in reviews}
    hashes = {pk: bands(found) for pk, found in texts.items()}
    duplicates.keep(hashes)
    fresh = [review for review in reviews if review.written_at > at - FRESH]
    held = _judge(fresh, texts, hashes, at) if fresh else []
    for review in reviews:
        review.screened_at = at
    bulk.update(Review, reviews, ["screened_at", "status"])
    return held


def forget(review_ids: Collection[int]) -> None:
    """Let go of what was found in texts that are others now. They are to be screened again."""
    duplicates.forget(review_ids)
    ReviewSignal.objects.filter(review__in=review_ids).delete()


@transaction.atomic
def catch_up(*, at: datetime) -> int:
    """Look at the next reviews that nobody has looked at, as a file brings them. Returns how many."""
    waiting = list(
        Review.objects.filter(screened_at=None)
        .select_related("order")
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",), skip_locked=True)[:AT_ONCE]
    )
    if waiting:
        screen(waiting, at=at)
    return len(waiting)


def _judge(
    fresh: Sequence[Review], texts: Mapping[int, Shingles], hashes: Mapping[int, Sequence[int]], at: datetime
) -> list[Review]:
    """Write the signals of reviews down, and hold what has too much against it."""
    going_by = house()
    known = _know(fresh, texts, hashes, going_by.rules)
    if Signal.STARS_TEXT in going_by.rules:
        readings = read_many(whole(review) for review in fresh)
        known.sentiments = {
            review.pk: reading.sentiment
            for review, reading in zip(fresh, readings, strict=True)
            if reading.is_sure
        }
    held, rows, happenings = [], [], []
    for review in fresh:
        found = rules.find(_facts(review, known), going_by.rules, going_by.words)
        rows += [
            ReviewSignal(review=review, signal=one.signal, weight=one.weight, evidence=one.evidence, at=at)
            for one in found
        ]
        score = rules.score(found)
        if (
            score >= going_by.hold_from
            and review.status == ReviewStatus.PUBLISHED
            and review.released_at is None
        ):
            review.status = ReviewStatus.HELD
            held.append(review)
            signals = sorted(one.signal for one in found)
            happenings.append(
                Happening("review.held", review, at, None, {"score": score, "signals": signals})
            )
    ReviewSignal.objects.bulk_create(rows, ignore_conflicts=True)
    record_all(happenings)
    _look_again(rows, going_by.rules)
    return held


def _facts(review: Review, known: _Known) -> Facts:
    bought = known.bought.get(review.order_id)
    return Facts(
        text=whole(review),
        written_at=review.written_at,
        order_status=review.order.status,
        placed_at=review.order.placed_at,
        in_order=not (bought and review.product_id) or review.product_id in bought,
        orders_at_once=known.orders.get(review.pk, 1),
        members_on_device=known.members.get(review.pk, 1),
        stars=review.stars,
        sentiment=known.sentiments.get(review.pk),
        same=known.same.get(review.pk, []),
    )


def _know(
    fresh: Sequence[Review],
    texts: Mapping[int, Shingles],
    hashes: Mapping[int, Sequence[int]],
    going_by: Mapping[str, Rule],
) -> _Known:
    known = _Known()
    for order, product in OrderLine.objects.filter(
        order__in={review.order_id for review in fresh}
    ).values_list("order", "product"):
        known.bought.setdefault(order, set()).add(product)
    if rule := going_by.get(Signal.BURST_MEMBER):
        known.orders = _at_once(fresh, "member_id", "order_id", rule)
    if rule := going_by.get(Signal.BURST_DEVICE):
        known.members = _at_once([review for review in fresh if review.device], "device", "member_id", rule)
    if rule := going_by.get(Signal.DUPLICATE):
        known.same = _same(fresh, texts, {one.pk: hashes[one.pk] for one in fresh}, rule.similarity)
    return known


def _at_once(fresh: Sequence[Review], of: str, what: str, rule: Rule) -> dict[int, int]:
    """How many different ones the same one has reviewed within the hours around each review."""
    if not fresh:
        return {}
    within = timedelta(hours=rule.within_hours)
    rows = Review.objects.filter(
        **{f"{of}__in": {getattr(review, of) for review in fresh}},
        written_at__gt=min(review.written_at for review in fresh) - within,
        written_at__lt=max(review.written_at for review in fresh) + within,
        follows=None,
    )
    times: dict[Any, list[tuple[datetime, int]]] = {}
    for one, written_at, other in rows.values_list(of, "written_at", what):
        times.setdefault(one, []).append((written_at, other))
    return {
        review.pk: len(
            {
                other
                for written_at, other in times.get(getattr(review, of), ())
                if abs(written_at - review.written_at) < within
            }
        )
        for review in fresh
    }


def _same(
    fresh: Sequence[Review],
    texts: Mapping[int, Shingles],
    hashes: Mapping[int, Sequence[int]],
    similarity: float,
) -> dict[int, list[dict[str, Any]]]:
    likely = duplicates.likely(hashes)
    wanted = {other for others in likely.values() for other in others[: duplicates.COMPARED]}
    others = {
        other.pk: (other, texts[other.pk] if other.pk in texts else shingles(whole(other)))
        for other in Review.objects.filter(pk__in=wanted).only("member_id", "title", "text")
    }
    return {
        review.pk: duplicates.same(
            review,
            texts[review.pk],
            [others[pk] for pk in likely.get(review.pk, ())[: duplicates.COMPARED] if pk in others],
            similarity=similarity,
        )
        for review in fresh
    }


def _look_again(rows: Sequence[ReviewSignal], going_by: Mapping[str, Rule]) -> None:
    """Have the earlier reviews of a burst looked at again: they were alone when they came."""
    for signal, of in BURSTS.items():
        found = [row.review for row in rows if row.signal == signal]
        if not found:
            continue
        within = timedelta(hours=going_by[signal].within_hours)
        earlier = (
            Review.objects.filter(
                ~Exists(ReviewSignal.objects.filter(review=OuterRef("pk"), signal=signal)),
                **{f"{of}__in": {getattr(review, of) for review in found}},
                written_at__gt=min(review.written_at for review in found) - within,
                written_at__lte=max(review.written_at for review in found),
                screened_at__isnull=False,
            )
            .exclude(pk__in=[review.pk for review in found])
            .order_by("pk")
            .select_for_update(no_key=True, of=("self",), skip_locked=True)
        )
        Review.objects.filter(pk__in=list(earlier.values_list("pk", flat=True))).update(screened_at=None)
