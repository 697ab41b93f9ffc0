"""What there is to learn from: our members' stars, what our people decided, or a file."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from feedback.models import Feeling, GapCause, GapKind, Review, ReviewStatus, Triage, VoiceAspect
from feedback.triage.features import words_of
from feedback.triage.learning import Example
from feedback.triage.lexicon import Lexicon, Told, folded
from feedback.triage.texts import SOURCES

BAD, GOOD = (1, 2), (5,)
"""Stars that say clearly how a review is meant."""
MOST = 60_000
"""Texts of each kind that are learnt from, the newest."""
MOST_DECIDED = 20_000
BATCH = 1_000
ASPECT, KIND, CAUSE = "aspect", "kind", "cause"
MEANS = {Feeling.POSITIVE: True, Feeling.NEGATIVE: False}
COLUMNS = ("text", "positive", "stars", "aspects")


@dataclass(frozen=True, slots=True)
class Taught:
    """A text with what is known of it."""

    text: str
    is_good: bool | None
    decided: Mapping[str, bool] = field(default_factory=dict)
    weight: float = 1.0


def of_shop(*, correction_weight: float) -> Iterator[Taught]:
    """The newest clear reviews, and all that people decided, which counts more and goes before stars."""
    decided = Triage.objects.exclude(decided=[]).order_by("-decided_at", "-pk")[:MOST_DECIDED]
    by_people: dict[tuple[str, int], Triage] = {
        (name, key): row for row in decided for name in SOURCES if (key := getattr(row, f"{name}_id"))
    }
    for source, texts in SOURCES.items():
        keys = sorted(key for kind, key in by_people if kind == source)
        for start in range(0, len(keys), BATCH):
            for one in texts(keys[start : start + BATCH]):
                row = by_people[source, one.key]
                yield Taught(one.words, _feeling(row), answers(row), correction_weight)
    for stars in (GOOD, BAD):
        reviews = Review.objects.filter(stars__in=stars, deleted_at=None).exclude(text="")
        reviews = reviews.exclude(status=ReviewStatus.REFUSED).order_by("-written_at", "-pk")
        rows = reviews.values_list("pk", "title", "text")[:MOST]
        for pk, title, text in rows.iterator(BATCH):
            if ("review", pk) not in by_people:
                yield Taught(f"{title}\n{text}", stars == GOOD)


def answers(row: Triage) -> dict[str, bool]:
    """What people decided of a text, as answers to the questions of heads."""
    said: dict[str, bool] = {}
    if "aspects" in row.decided:
        said |= {f"{ASPECT}:{one}": one in row.aspects for one in VoiceAspect.values}
    if "gap_kind" in row.decided:
        said |= {f"{KIND}:{one}": one == row.gap_kind for one in GapKind.values}
    if "cause" in row.decided:
        said |= {f"{CAUSE}:{one}": one == row.cause for one in GapCause.values}
    return said


def of_file(file: IO[str]) -> Iterator[Taught]:
    """The rows of a CSV file with `text`, `positive` (1 or 0) or `stars`, and perhaps `aspects` (a;b).

    Raises:
        Invalid: it is not such a file.
    """
    try:
        rows = csv.DictReader(file)
        names = set(rows.fieldnames or ())
        if "text" not in names or not names & {"positive", "stars"}:
            raise Invalid(_("The file needs the columns text, and positive or stars."))
        for row in rows:
            if (row["text"] or "").strip():
                yield _of_row(row, rows.line_num)
    except (csv.Error, UnicodeDecodeError) as error:
        raise Invalid(_("This is not a CSV file in UTF-8.")) from error


def _of_row(row: Mapping[str, str | None], line: int) -> Taught:
    positive, stars = (row.get("positive") or "").strip(), (row.get("stars") or "").strip()
    aspects = {one.strip() for one in (row.get("aspects") or "").split(";") if one.strip()}
    is_clear = positive in {"1", "0"} or stars in {"1", "2", "3", "4", "5"}
    if not is_clear or aspects - set(VoiceAspect.values):
        raise Invalid(_("Line %(line)s of the file cannot be read.") % {"line": line})
    is_good = positive == "1" if positive else {1: False, 2: False, 5: True}.get(int(stars))
    decided = {f"{ASPECT}:{one}": one in aspects for one in VoiceAspect.values} if aspects else {}
    return Taught(row["text"] or "", is_good, decided)


def prepared(taught: Iterable[Taught], lexicon: Lexicon) -> list[Example]:
    """Texts as they are learnt from: each once, in an order of their own."""
    found: dict[str, Example] = {}
    for one in taught:
        text = folded(one.text).strip()
        if not text or text in found:
            continue
        told = lexicon.read_folded(text)
        found[text] = Example(
            words=tuple(words_of(text)),
            key=text,
            is_good=one.is_good,
            decided=one.decided,
            guessed=guesses(told),
            lexicon=told.sentiment,
            is_lexicon_sure=told.is_sure,
            weight=one.weight,
        )
    return [found[text] for text in sorted(found)]


def guesses(told: Told) -> dict[str, bool]:
    """What the lexicon answers to the questions of heads."""
    return {
        **{f"{ASPECT}:{one}": one in told.aspects for one in VoiceAspect.values},
        **{f"{KIND}:{one}": one == told.gap_kind for one in GapKind.values},
        **{f"{CAUSE}:{one}": one == told.cause for one in GapCause.values},
    }


def digest(examples: Iterable[Example]) -> str:
    """The same for the same texts with the same answers, whatever order they came in."""
    whole = hashlib.sha256()
    for one in examples:
        whole.update(repr((one.key, one.is_good, sorted(one.decided.items()), one.weight)).encode())
    return whole.hexdigest()


def _feeling(row: Triage) -> bool | None:
    if "feeling" in row.decided:
        return MEANS.get(Feeling(row.feeling))
    return None
