"""All that is told of a product: its figures, those before, those of its category, and what is around."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from compensation.models import Product
from feedback.gaps.statistics import Interval
from feedback.models import ReviewDimension, VoiceAspect
from feedback.voice import around, figures
from feedback.voice.rules import Change, Span, Spoken, Sums, change


@dataclass(frozen=True, slots=True)
class AspectTold:
    """How an aspect is spoken of, now, before, and of the others of the category."""

    aspect: VoiceAspect
    now: Spoken
    before: Spoken
    others: Spoken
    praise: around.Quote | None
    blame: around.Quote | None


@dataclass(frozen=True, slots=True)
class DimensionTold:
    """How a dimension is rated."""

    dimension: ReviewDimension
    now: Interval
    before: Interval
    others: Interval


@dataclass(frozen=True, slots=True)
class Told:
    """A product's voice in a time."""

    product: Product
    span: Span
    source: str
    parts: Sequence[tuple[Span, Sums]]
    now: Sums
    before: Sums
    others: Sums
    """Of its category, without it."""
    change: Change
    """Of the mean, from the time before."""
    aspects: Sequence[AspectTold]
    """Those that somebody speaks of, the most frequent first."""
    dimensions: Sequence[DimensionTold]
    answers: around.Answers
    answers_before: around.Answers
    gaps: dict[str, list[tuple[Span, Interval]]]
    claims: Sequence[around.Claimed]


def tell(product: Product, span: Span, source: str = "", *, at: datetime, **sees: bool) -> Told:
    """Tell of a product; `gaps` and `claims` say whether these are to be told too.

    A constant number of queries, whatever there is.
    """
    parts = figures.of_product(product.pk, span, source)
    now = figures.whole(parts)
    before = figures.whole(figures.of_product(product.pk, span.before, source))
    others = figures.of_others(product, span, source)
    return Told(
        product=product,
        span=span,
        source=source,
        parts=parts,
        now=now,
        before=before,
        others=others,
        change=change(now.stars, before.stars),
        aspects=_aspects(now, before, others, around.quotes(product.pk, span, source)),
        dimensions=_dimensions(now, before, others),
        answers=around.answers(product.pk, span, source),
        answers_before=around.answers(product.pk, span.before, source),
        gaps=around.gaps(product.pk, span) if sees.get("gaps") else {},
        claims=around.claimed(product, at) if sees.get("claims") else [],
    )


def _aspects(
    now: Sums, before: Sums, others: Sums, quotes: dict[tuple[str, bool], around.Quote]
) -> list[AspectTold]:
    told = [
        AspectTold(
            aspect,
            now.spoken(aspect),
            before.spoken(aspect),
            others.spoken(aspect),
            quotes.get((aspect, True)),
            quotes.get((aspect, False)),
        )
        for aspect in VoiceAspect
        if aspect in now.aspects
    ]
    return sorted(told, key=lambda one: -one.now.n)


def _dimensions(now: Sums, before: Sums, others: Sums) -> list[DimensionTold]:
    known: Any = ReviewDimension.objects.filter(pk__in=[int(pk) for pk in now.dimensions])
    return [
        DimensionTold(one, now.rated(str(one.pk)), before.rated(str(one.pk)), others.rated(str(one.pk)))
        for one in known
    ]
