"""What needs are to those who answered a Kano pair about them, in all and by segment."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from surveys.kano.classify import Summary, category, summarise
from surveys.models import Dimension, KanoCategory, Need, QuestionKind, Tally
from surveys.results.cells import smallest_cell


@dataclass(frozen=True, slots=True)
class Kano:
    """A need to everybody who was asked, and to each segment."""

    whole: Summary
    segments: Mapping[str, Summary] = field(default_factory=dict)


NOBODY = Kano(summarise(()))


def of(needs: Iterable[Need]) -> dict[int, Kano]:
    """By need, from the sums of answers; those that went into another count there. Two queries.

    A published question stays with the need that it was written for. Anonymous answers are counted where
    there are as many as the smallest group shown.
    """
    into = {one.pk: one.pk for one in needs}
    merged = Need.objects.filter(merged_into__in=into).values_list("pk", "merged_into")
    into |= {pk: target for pk, target in merged if target is not None}
    rows = Tally.objects.filter(
        question__need__in=into, question__kind=QuestionKind.KANO, row="",
        dimension__in=[Dimension.WHOLE, Dimension.SEGMENT],
    ).values_list("question__need", "value", "counts", "wave__campaign__is_anonymous")  # fmt: skip
    named: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    hidden: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for need, value, counts, is_anonymous in rows:
        if need is not None:
            (hidden if is_anonymous else named)[into[need], value].update(_categories(counts))
    least = smallest_cell()
    for key, counts in hidden.items():
        if counts.total() >= least:
            named[key].update(counts)
    found: dict[int, dict[str, Summary]] = defaultdict(dict)
    for (need, value), counts in named.items():
        found[need][value] = summarise(counts.elements())
    return {
        need: Kano(by_value.pop("", NOBODY.whole), dict(sorted(by_value.items())))
        for need, by_value in found.items()
    }


def _categories(counts: Mapping[str, int]) -> Counter[str]:
    """How many answers fall into each category, of those kept as "1-5"."""
    found: Counter[str] = Counter()
    for answered, number in counts.items():
        so, dash, otherwise = answered.partition("-")
        if dash:
            found[category(int(so), int(otherwise))] += number
    return found


def named(letter: str | None) -> str:
    """A category in words, in the language of the moment; empty for none."""
    return str(KanoCategory(letter).label) if letter else ""
