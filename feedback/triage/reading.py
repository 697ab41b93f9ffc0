"""Reading texts: what they are about, how they are meant, and how sure we are of that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.apps import apps
from django.db.models import Count, Max

from feedback.models import Feeling, LexiconEntry, Priority
from feedback.triage.lexicon import Lexicon, Told, folded, word_of

WORDS = 8
KEYWORDS = 8
State = tuple[int, int]
CLEAR = 0.25
"""Nearer to the middle than this, a text that we are sure of is neither good nor bad."""


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

    def __init__(self, state: State, lexicon: Lexicon) -> None:
        self.state = state
        self.model_id: int | None = None
        self._lexicon = lexicon

    def one(self, text: str) -> Reading:
        """Read one text."""
        return _reading(self._lexicon.read_folded(folded(text)))

    def many(self, texts: Iterable[str]) -> list[Reading]:
        """Read many."""
        return [self.one(text) for text in texts]


_kept: list[Read] = []
"""What this process has read with last."""


def reader() -> Read:
    """The lexicon and the model as they stand, kept until somebody changes them. One query."""
    now = _state()
    if not _kept or _kept[0].state != now:
        _kept[:] = [Read(now, Lexicon(word_of(one) for one in LexiconEntry.objects.filter(is_active=True)))]
    return _kept[0]


def _state() -> State:
    """What changes with every edit that others can see: how many there were, and the last one's number."""
    kept = apps.get_model("feedback", "LexiconEntryHistory")
    history = kept._default_manager.aggregate(edits=Count("pk"), last=Max("pk"))
    return history["edits"], history["last"] or 0


def _reading(told: Told) -> Reading:
    words = [(told.text[hit.start : hit.end], round(hit.weight, 2)) for hit in told.hits if hit.weight]
    return Reading(
        aspects=told.aspects,
        sentiment=round(told.sentiment, 3) if told.is_sure else None,
        is_sure=told.is_sure,
        gap_kind=told.gap_kind,
        cause=told.cause,
        keywords=_keywords(told),
        urgency=told.urgency,
        words=tuple(_heaviest(words)),
        tones=told.tones,
    )


def _heaviest(words: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    each = dict(sorted(words, key=lambda one: abs(one[1])))
    return sorted(each.items(), key=lambda one: -abs(one[1]))[:WORDS]


def _keywords(told: Told) -> tuple[str, ...]:
    return tuple(dict.fromkeys(told.text[hit.start : hit.end] for hit in told.hits))[:KEYWORDS]
