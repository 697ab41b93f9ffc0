"""What the rules would do with a text that somebody types, and what a template would say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.utils import translation

from feedback.models import Language, LeftBecause, ReplyRule, ReplyTemplate, ReplyWay, Signal
from feedback.moderation import screening
from feedback.moderation.texts import known
from feedback.playbooks.texts import Rendered
from feedback.replies import choosing, rules, texts
from feedback.replies.reading import language_of, praised_word, rules_in_force
from feedback.replies.rules import Facts
from feedback.triage.reading import read

LONGEST = 2_000
SAMPLES: Mapping[str, Mapping[str, str]] = {
    Language.CHINESE: {"word": "质量很好", "call": "3月10日 18:00", "product": "纯棉衬衫"},
    Language.ENGLISH: {"word": "great quality", "call": "10 March, 18:00", "product": "Cotton shirt"},
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a text."""

    facts: Facts
    rule: ReplyRule | None
    way: str
    because: tuple[str, ...]
    needs_approval: bool
    template: ReplyTemplate | None = None
    text: str = ""


def rules_on(text: str, *, stars: int, category: str = "", source: str = "") -> Tried:
    """Ask the rules about a text with so many stars, 0 for a follow-up, as triage reads it now."""
    text = text.replace("\0", "")[:LONGEST]
    reading = read(text)
    words = screening.house().words
    found = known(text, words) if text else {}
    facts = Facts(
        stars=stars,
        feeling=reading.feeling,
        sentiment=reading.sentiment,
        aspects=reading.aspects,
        tones=reading.tones,
        length=len(text.strip()),
        category=category,
        source=source,
        is_hostile=Signal.ABUSE in found,
        has_signals=bool(found),
    )
    decided = rules.decide(rules_in_force(), facts)
    rule = ReplyRule.objects.filter(pk=decided.rule).first() if decided.rule else None
    tried = Tried(facts, rule, decided.way, decided.because, decided.needs_approval)
    if decided.way == ReplyWay.BY_HAND:
        return tried
    spoken = language_of(text) or Language.CHINESE
    said = [*(word for word, weight in reading.words if weight > 0), *reading.keywords]
    values = {**named(facts, spoken), "word": praised_word(text, said)}
    chosen = choosing.choose(choosing.candidates(facts, spoken), values, last=[], number=len(text))
    if chosen is None:
        return replace(tried, way=ReplyWay.BY_HAND, because=(*decided.because, LeftBecause.NO_TEMPLATE))
    return replace(tried, template=chosen.template, text=chosen.text)


def named(facts: Facts, language: Language) -> dict[str, str]:
    """What a review praises and blames, in a language."""
    with translation.override(language):
        return {"praised": texts.listed(facts.praised), "problem": texts.listed(facts.blamed)}


def template(text: str, *, language: str, aspect: str) -> Rendered:
    """A template filled in with what a review could say.

    Raises:
        Invalid: it names something that is on no list, or has a bracket of its own.
    """
    texts.check(text)
    spoken = Language.ENGLISH if language == Language.ENGLISH else Language.CHINESE
    about = (aspect or "product_quality",)
    with translation.override(spoken):
        values = {
            "praised": texts.listed(about),
            "problem": texts.listed(about),
            "remedy": str(texts.GIVEN_SAID["reshipment"]),
            **SAMPLES[spoken],
        }
    return texts.fill(text, values)
