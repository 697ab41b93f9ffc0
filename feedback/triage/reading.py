"""Reading texts: what they are about, how they are meant, and how sure we are of that.

The lexicon tells of what a text speaks. How it is meant, the model in service tells; without one, or where
it knows too few of the words, the lexicon does too.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.apps import apps
from django.db.models import Count, Max

from config.common.errors import Invalid
from feedback.knowledge.stopwords import STOP_WORDS
from feedback.models import Feeling, GapCause, GapKind, LexiconEntry, Priority, TriageModel, VoiceAspect
from feedback.triage.features import words_of
from feedback.triage.lexicon import KIND_OF, Lexicon, Told, folded, word_of
from feedback.triage.weights import FEELING, Floats, Places, Weights, unpack

logger = logging.getLogger(__name__)
WORDS = 8
KEYWORDS = 8
LONGEST_KEYWORD = 64
CLEAR = 0.25
"""Nearer to the middle than this, a text that we are sure of is neither good nor bad."""
SLIGHT = 0.05
"""What adds less did not decide anything."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was made of a text. `sentiment` is from −1 to 1, and None where people have to say."""

    aspects: tuple[str, ...] = ()
    sentiment: float | None = None
    is_sure: bool = False
    gap_kind: str = ""
    cause: str = ""
    keywords: tuple[str, ...] = ()
    urgency: int = Priority.NORMAL
    words: tuple[tuple[str, float], ...] = ()
    """The words that decided, with their weights, the heaviest first."""
    tones: Mapping[str, float] = field(default_factory=dict)
    """How each aspect is spoken of, from −1 to 1."""

    @property
    def feeling(self) -> str:
        """How it is meant, in a word; empty where people have to say."""
        return feeling_of(self.sentiment)


def feeling_of(sentiment: float | None) -> str:
    """A number from −1 to 1 as a word."""
    if sentiment is None:
        return ""
    if abs(sentiment) < CLEAR:
        return Feeling.MIXED
    return Feeling.POSITIVE if sentiment > 0 else Feeling.NEGATIVE


def read(text: str) -> Reading:
    """Read one text, in whatever language, of whatever length."""
    return reader().one(text)


def read_many(texts: Iterable[str]) -> list[Reading]:
    """Read many texts in their order."""
    return reader().many(texts)


class Read:
    """What reads texts: the lexicon, and the model in service where there is one."""

    def __init__(self, lexicon: Lexicon, weights: Weights | None = None, model_id: int | None = None) -> None:
        self.lexicon = lexicon
        self.weights = weights
        self.model_id = model_id

    def many(self, texts: Iterable[str]) -> list[Reading]:
        """Read many."""
        return [self.one(text) for text in texts]

    def one(self, text: str) -> Reading:
        """Read one text."""
        told = self.lexicon.read_folded(folded(text))
        words = words_of(told.text)
        reading = Reading(
            aspects=told.aspects,
            sentiment=round(told.sentiment, 3) if told.is_sure else None,
            is_sure=told.is_sure,
            gap_kind=told.gap_kind,
            cause=told.cause,
            keywords=_keywords(told, words),
            urgency=told.urgency,
            words=_heaviest({told.text[hit.start : hit.end]: hit.weight for hit in told.hits if hit.weight}),
            tones=told.tones,
        )
        if self.weights is None or not self.weights.knows(words):
            return reading
        return _with_model(reading, self.weights, words)


def _with_model(reading: Reading, weights: Weights, words: list[str]) -> Reading:
    """What the model makes of a text that the lexicon has read."""
    found, counts = weights.seen(words)
    totals = weights.totals(found, counts)
    head = weights.heads[FEELING]
    is_sure = not head.low < totals[FEELING] < head.high
    sentiment = round(2 * head.chance(totals[FEELING]) - 1, 3)
    aspects = _aspects(reading, totals)
    kind, cause = _best("kind", totals, GapKind.values), _best("cause", totals, GapCause.values)
    kind, cause = (reading.gap_kind if kind is None else kind), (reading.cause if cause is None else cause)
    if is_sure and sentiment >= CLEAR:
        kind = cause = ""
    elif is_sure and sentiment <= -CLEAR and not kind and aspects:
        kind = KIND_OF[aspects[0]]
    return replace(
        reading,
        aspects=aspects,
        sentiment=sentiment if is_sure else None,
        is_sure=is_sure,
        gap_kind=kind,
        cause=cause,
        words=_heaviest(_parts(weights, found, counts)),
    )


def _parts(weights: Weights, found: Places, counts: Floats) -> dict[str, float]:
    return {
        word: part
        for word, part in weights.parts(found, counts).items()
        if abs(part) >= SLIGHT and any(sign.isalnum() or sign > "\u2190" for sign in word)
    }


def _aspects(reading: Reading, totals: Mapping[str, float]) -> tuple[str, ...]:
    """What it speaks of: as the model was taught by people, else as the lexicon says."""
    added = [
        one
        for one in VoiceAspect.values
        if totals.get(f"aspect:{one}", -1.0) > 0 and one not in reading.aspects
    ]
    kept = [one for one in reading.aspects if totals.get(f"aspect:{one}", 1.0) > 0]
    return (*kept, *added)


def _best(family: str, totals: Mapping[str, float], values: Iterable[str]) -> str | None:
    """The likeliest answer of a family of questions: none where all say no, None where it was not taught."""
    asked = {one: totals[f"{family}:{one}"] for one in values if f"{family}:{one}" in totals}
    if not asked:
        return None
    best = max(sorted(asked), key=asked.__getitem__)
    return best if asked[best] > 0 else ""


def _heaviest(parts: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    each = sorted(parts.items(), key=lambda one: (-abs(one[1]), one[0]))[:WORDS]
    return tuple((word[:LONGEST_KEYWORD], round(weight, 2)) for word, weight in each)


def _keywords(told: Told, words: list[str]) -> tuple[str, ...]:
    """The words that tell most of what it is about: those of the lexicon, then others by how often."""
    known = [told.text[hit.start : hit.end] for hit in told.hits]
    counted: dict[str, int] = {}
    for word in words:
        if len(word) > 1 and word not in STOP_WORDS and word[0].isalpha():
            counted[word] = counted.get(word, 0) + 1
    often = sorted(counted, key=lambda word: -counted[word])
    found = dict.fromkeys(word[:LONGEST_KEYWORD] for word in (*known, *often))
    return tuple(found)[:KEYWORDS]


State = tuple[int, int, int]
_kept: list[tuple[State, int | None, Read]] = []
"""What this process has read with last."""


def reader() -> Read:
    """The lexicon and the model as they stand, kept until somebody changes them. Three queries."""
    lexicon_state = _lexicon_state()
    model_id = TriageModel.objects.filter(in_service=True).values_list("pk", flat=True).first()
    known = _kept[0] if _kept else None
    if known and known[:2] == (lexicon_state, model_id):
        return known[2]
    if known and known[0] == lexicon_state:
        lexicon = known[2].lexicon
    else:
        lexicon = Lexicon(word_of(one) for one in LexiconEntry.objects.filter(is_active=True))
    weights = known[2].weights if known and known[1] == model_id else _weights(model_id)
    read_with = Read(lexicon, weights, model_id if weights else None)
    _kept[:] = [(lexicon_state, model_id, read_with)]
    return read_with


def _weights(model_id: int | None) -> Weights | None:
    """What a version has learnt. One that is damaged stops nothing: the lexicon reads, the log tells."""
    if model_id is None:
        return None
    model = TriageModel.objects.get(pk=model_id)
    try:
        return unpack(bytes(model.weights), model.digest)
    except Invalid:
        logger.exception("triage model %s cannot be read; the lexicon reads alone", model)
        return None


def _lexicon_state() -> State:
    """What changes with every edit that others can see: how many there were, the last one's, the last word.

    What ships has no history and only ever adds words.
    """
    kept = apps.get_model("feedback", "LexiconEntryHistory")
    history = kept._default_manager.aggregate(edits=Count("pk"), last=Max("pk"))
    newest = LexiconEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    return history["edits"], history["last"] or 0, newest or 0
