"""Which template a reply comes from, never the same twice running for a product or a member.

`take` holds the turns of both until its transaction ends, so that two who write at once take their turns one
after the other: first the product's, then the member's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config.common import variants
from feedback.models import Feeling, Language, ReplyTemplate, ReplyTurn, Review
from feedback.playbooks.texts import VARIABLE
from feedback.replies.rules import Facts
from feedback.replies.texts import fill

PRAISE = frozenset({"praised", "word"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """A template with what it says of a review."""

    template: ReplyTemplate
    text: str


def tone_of(facts: Facts) -> str:
    """Which kind of templates answers a review; of one that nobody is sure of, its stars tell."""
    if facts.feeling:
        return facts.feeling if not (facts.feeling == Feeling.POSITIVE and facts.blamed) else Feeling.MIXED
    if 0 < facts.stars <= 2:  # noqa: PLR2004 - bad ones
        return Feeling.NEGATIVE
    return Feeling.POSITIVE if facts.is_silent else Feeling.MIXED


def candidates(facts: Facts, language: str) -> list[ReplyTemplate]:
    """The templates that answer such a review: those about what it speaks of before those about anything."""
    feeling = tone_of(facts)
    about = facts.praised if feeling == Feeling.POSITIVE else (facts.blamed or tuple(facts.aspects))
    found = ReplyTemplate.objects.filter(
        is_active=True, language=language, feeling=feeling, aspect__in=["", *about]
    )
    order = {aspect: place for place, aspect in enumerate((*about, ""))}
    return sorted(found, key=lambda one: (order[one.aspect], one.position, one.pk))


def choose(
    found: Sequence[ReplyTemplate], values: Mapping[str, str], *, last: Sequence[str], number: int
) -> Chosen | None:
    """One that can be filled in whole and was not the last; of those about the same, by `number`.

    What was praised is named, where it is known. Where it is about a problem, those are preferred that name
    most of it and of what is done.
    """
    filled = [(one, fill(one.text, values)) for one in found if one.code not in last]
    whole = [Chosen(one, text.text) for one, text in filled if not text.missing]
    if values.get("praised"):
        whole = [one for one in whole if one.template.feeling != Feeling.POSITIVE or _praises(one.template)]
    if not whole:
        return None
    first = whole[0].template
    same = [one for one in whole if one.template.aspect == first.aspect]
    if first.feeling != Feeling.POSITIVE:
        most = max(_named(one.template) for one in same)
        same = [one for one in same if _named(one.template) == most]
    return same[number % len(same)]


def _praises(template: ReplyTemplate) -> bool:
    """Whether a template says what was praised."""
    return bool(template.aspect) or not PRAISE.isdisjoint(VARIABLE.findall(template.text))


def _named(template: ReplyTemplate) -> int:
    """How much a template names."""
    return len(set(VARIABLE.findall(template.text)))


def take(
    review: Review, facts: Facts, values: Mapping[str, str], language: Language, *, at: datetime
) -> Chosen | None:
    """Choose for a review and note the turn; None where nothing fits that was not the last one.

    Of a template that is under test the member gets one of its variants, which is put on record.
    """
    turns = _turns(review)
    chosen = choose(
        candidates(facts, language), values, last=[turn.code for turn in turns if turn.code], number=review.pk
    )
    if chosen is not None:
        for turn in turns:
            turn.code = chosen.template.code
            turn.save(update_fields=["code"])
        key = str(chosen.template.pk)
        variant = variants.choose(variants.Kind.REPLY, key, member_id=review.member_id, at=at)
        if variant is not None:  # it names what the template names: all of that is known
            return replace(chosen, text=fill(variant["text"], values).text)
    return chosen


def _turns(review: Review) -> list[ReplyTurn]:
    """The turns of the product and the member, locked in this order."""
    keys: list[dict[str, int]] = [{"member_id": review.member_id}]
    if review.product_id is not None:
        keys.insert(0, {"product_id": review.product_id})
    turns = []
    for key in keys:
        ReplyTurn.objects.bulk_create([ReplyTurn(**key)], ignore_conflicts=True)
        turns.append(ReplyTurn.objects.select_for_update().get(**key))
    return turns
