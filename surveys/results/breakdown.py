"""One question by segment, channel, agent, product or whatever answers are told apart by.

Groups are ranked by the lower end of their interval: who is first is at least so good, as good as surely.
Groups of few are told of below, and have no place. Whether a group differs from everybody else together is
adjusted for how many groups there are (Holm).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from config.common.statistics import LEVEL, Moments, holm
from surveys.kano.classify import Summary
from surveys.models import Dimension, KanoCategory
from surveys.results import answers
from surveys.results.answers import Answers, Source
from surveys.results.dimensions import labels
from surveys.results.figures import SHARE, Change, Measure, Told, change, share_of
from surveys.results.questions import Asked
from surveys.results.rates import Rate, rates
from surveys.results.weighting import Weighted, weighted

MOST = 500
"""Groups that are told of, those with the most answers."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group: what is told of it, its main measure, and how it differs from all others together."""

    value: str
    label: str
    told: Told
    measure: Measure | None
    against: Change | None
    is_few: bool
    rank: int | None
    is_sure: bool
    rate: Rate


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A question by groups: those with a place first, then those of few."""

    asked: Asked
    measure: str
    everyone: Told
    groups: Sequence[Group]
    outside: int
    """Answers that stand in no group; 0 where groups overlap, or something is withheld."""


def breakdown(source: Source, asked: Asked, dimension: str, *, name: str = "") -> Breakdown:
    """A question by a dimension, by one of its measures (the first unless named)."""
    narrowed = source.about([asked])
    everyone = answers.everyone(narrowed).told(asked)
    counted = answers.by(narrowed, dimension)
    most = sorted(counted, key=lambda value: (-counted[value].number(asked), value))[:MOST]
    found = {value: counted[value].told(asked) for value in most}
    kept = sorted(found, key=lambda value: (-(found[value].n or 0), value))
    names, asked_of = labels(dimension, kept), rates(source.cut, by=dimension)
    chosen = name or next((one.name for one in everyone.measures), "")
    whole = _measure(everyone, chosen)
    groups = [
        _group(
            value,
            names[value],
            found[value],
            measure=_measure(found[value], chosen),
            whole=whole,
            few=source.few,
            rate=_rate(asked_of, value),
        )
        for value in kept
    ]
    outside = 0 if dimension == Dimension.SEGMENT else _outside(everyone, groups)
    return Breakdown(asked, chosen, everyone, _ranked(groups), outside)


def _outside(everyone: Told, groups: Sequence[Group]) -> int:
    inside = [group.told.n for group in groups]
    if everyone.n is None or None in inside:
        return 0
    return everyone.n - sum(n for n in inside if n)


def _rate(found: dict[tuple[int, str], Rate], value: str) -> Rate:
    return sum((rate for (_wave, one), rate in found.items() if one == value), Rate())


def _measure(told: Told, name: str) -> Measure | None:
    return next((one for one in told.measures if one.name == name and one.n), None)


def _group(
    value: str,
    label: str,
    told: Told,
    *,
    measure: Measure | None,
    whole: Measure | None,
    few: int,
    rate: Rate,
) -> Group:
    others = _others(whole, measure)
    is_few = measure is None or measure.n < few
    against = change(others, measure) if others is not None and measure is not None else None
    return Group(value, label, told, measure, against, is_few, None, is_sure=False, rate=rate)


def _others(whole: Measure | None, part: Measure | None) -> Measure | None:
    """Everybody but a group; None where there is nobody else."""
    if whole is None or part is None or whole.n <= part.n:
        return None
    n = whole.n - part.n
    if whole.kind == SHARE:
        return share_of(whole.name, whole.label, whole.hits - part.hits, n)
    if whole.moments is None or part.moments is None:
        return None
    rest = Moments(n, whole.moments.total - part.moments.total, whole.moments.squares - part.moments.squares)
    return replace(whole, value=rest.mean, low=None, high=None, n=n, moments=rest)


def _ranked(groups: Sequence[Group]) -> list[Group]:
    tested = [one for one in groups if not one.is_few and one.against and one.against.p is not None]
    chances = holm([one.against.p for one in tested if one.against and one.against.p is not None])
    sure = {one.value for one, chance in zip(tested, chances, strict=True) if chance <= LEVEL}
    ranked = sorted(
        (one for one in groups if not one.is_few and one.measure and one.measure.low is not None),
        key=lambda one: (-_low(one), one.label),
    )
    places = {one.value: place for place, one in enumerate(ranked, start=1)}
    rest = [one for one in groups if one.value not in places]
    return [replace(one, rank=places.get(one.value), is_sure=one.value in sure) for one in (*ranked, *rest)]


def _low(group: Group) -> float:
    low = group.measure.low if group.measure else None
    return low if low is not None else 0.0


def weighted_figures(source: Source) -> dict[str, Weighted | None]:
    """Of each question its first measure for everybody who could be asked, by name; none without strata.

    A stratum's people are those who were asked, divided by the rate at which it was drawn (the
    Horvitz-Thompson estimator, 1952): with chance alone deciding who is drawn they stand for all of it.
    """
    strata = {str(one.pk): one for one in source.campaign.strata.all() if one.share}
    if len(strata) < 2 or source.cut.narrow:  # noqa: PLR2004 - one stratum has nothing to be weighed against
        return {}
    asked = rates(source.cut, by="stratum")
    people = {
        value: float(_rate(asked, value).asked) / (float(one.share) / 100) for value, one in strata.items()
    }
    found = answers.by(source, "stratum")
    figures: dict[str, Weighted | None] = {}
    for question in source.questions:
        parts = []
        for value, size in people.items():
            told = found[value].told(question) if value in found else None
            measure = next(iter(told.measures), None) if told else None
            if size:
                parts.append((size, measure))
        known = [(size, measure) for size, measure in parts if measure is not None]
        figures[question.name] = weighted(known) if known and len(known) == len(parts) else None
    return figures


@dataclass(frozen=True, slots=True)
class Kano:
    """A feature by group, for the chart: better against worse, with their intervals."""

    asked: Asked
    label: str
    summary: Summary
    better: Measure
    worse: Measure
    is_few: bool

    @property
    def category(self) -> str:
        """What the feature is to most."""
        return str(KanoCategory(self.summary.category).label) if self.summary.category else ""


def kano(source: Source, dimension: str = "", everyone: Answers | None = None) -> list[Kano]:
    """The features of all Kano pairs, of everybody (where they were read already: `everyone`) or by group."""
    pairs = [one for one in source.questions if one.kind == "kano"]
    narrowed = source.about(pairs)
    if not pairs:
        return []
    if not dimension:
        whole = everyone or answers.everyone(narrowed)
        return _features(pairs, {"": whole}, {"": ""}, source.few)
    found = answers.by(narrowed, dimension)
    return _features(pairs, found, labels(dimension, list(found)), source.few)


def _features(
    pairs: Sequence[Asked], found: dict[str, Answers], names: dict[str, str], few: int
) -> list[Kano]:
    features = []
    for asked in pairs:
        for value, one in sorted(found.items(), key=lambda item: names[item[0]]):
            summary = one.told(asked).kano
            if summary is None or summary.better is None:
                continue
            counts = summary.counts
            base = sum(counts[letter] for letter in "AOMI")
            better = share_of("better", "", counts["A"] + counts["O"], base)
            worse = share_of("worse", "", counts["O"] + counts["M"], base)
            features.append(Kano(asked, names[value], summary, better, worse, base < few))
    return features
