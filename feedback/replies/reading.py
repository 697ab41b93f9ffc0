"""What the rules and templates are told of a review: as triage, moderation and the shop know it."""

from collections.abc import Iterable

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from feedback.knowledge.queries import nearest
from feedback.models import (
    Language,
    LexiconEntry,
    ReplyRule,
    Review,
    ReviewScore,
    ReviewSignal,
    Signal,
    Triage,
    TriageQueue,
    WordRole,
)
from feedback.replies.rules import Facts, Rule
from feedback.triage.lexicon import folded

LONGEST_WORD = 16


def rules_in_force() -> list[Rule]:
    """The rules of the house, in their order."""
    return [rule_of(one) for one in ReplyRule.objects.filter(is_active=True)]


def rule_of(row: ReplyRule) -> Rule:
    """A rule as the pure functions take it."""
    return Rule(
        id=row.pk,
        way=row.way,
        stars=tuple(row.stars),
        feelings=tuple(row.feelings),
        sure_from=float(row.sure_from),
        aspects=tuple(row.aspects),
        least_length=row.least_length,
        most_length=row.most_length,
        categories=tuple(row.categories),
        sources=tuple(row.sources),
        needs_approval=row.needs_approval,
    )


def ready(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Those that triage has read as they are now, and moderation has looked at."""
    return reviews.filter(
        ~Exists(TriageQueue.objects.filter(review=OuterRef("pk"))),
        Exists(Triage.objects.filter(review=OuterRef("pk"))),
        screened_at__isnull=False,
    )


def facts_of(review: Review) -> Facts:
    """The facts of a review. Four queries beside the review's own rows."""
    reading = Triage.objects.filter(review=review).first()
    signals = set(ReviewSignal.objects.filter(review=review).values_list("signal", flat=True))
    lowest = ReviewScore.objects.filter(Q(review=review)).aggregate(least=Min("stars"))["least"]
    if review.follows is not None:
        lowest = review.follows.stars
    return Facts(
        stars=review.stars or 0,
        feeling=reading.feeling if reading else "",
        sentiment=reading.sentiment if reading else None,
        aspects=tuple(reading.aspects) if reading else (),
        tones=dict(reading.tones) if reading else {},
        length=len(f"{review.title}{review.text}".strip()),
        category=review.product.category if review.product else "",
        source=review.source,
        is_hostile=Signal.ABUSE in signals,
        has_signals=bool(signals),
        shows_something=bool(review.video_url) or review.pictures.exists(),
        lowest=lowest,
    )


def praise_in(review: Review) -> str:
    """The word of praise in a review that is said back; see `praised_word`."""
    reading = Triage.objects.filter(review=review).first()
    if reading is None:
        return ""
    said = [*(word for word, weight in reading.words if weight > 0), *reading.keywords]
    return praised_word(f"{review.title} {review.text}", said)


def praised_word(text: str, said: Iterable[str]) -> str:
    """The first word of praise that the lexicon knows too, to be said back; "" where there is none.

    Nothing that a member wrote is repeated but what stands in our own list.
    """
    told = folded(text)
    wanted = [word for word in dict.fromkeys(said) if 1 < len(word) <= LONGEST_WORD and word in told]
    entries = LexiconEntry.objects.filter(word__in=wanted, role=WordRole.SAYS, weight__gt=0, is_active=True)
    known = set(entries.exclude(aspect="").values_list("word", flat=True))
    return next((word for word in wanted if word in known), "")


def spoken_in(review: Review) -> Language:
    """The language to answer in: that of the text, else the member's."""
    return language_of(f"{review.title}{review.text}") or nearest(review.member.language)


def language_of(text: str) -> Language | None:
    """The language of a text; None where nothing tells."""
    if any("\u4e00" <= sign <= "\u9fff" for sign in text):
        return Language.CHINESE
    return Language.ENGLISH if any(sign.isascii() and sign.isalpha() for sign in text) else None


def with_all(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """With what `facts_of` and the texts need of each."""
    return reviews.select_related("member", "product", "order", "follows")
