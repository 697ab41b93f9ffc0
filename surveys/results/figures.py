"""What the answers to a question come to: its figure, how the answers fall, and its measures. Pure.

A measure is a number with its interval that waves and groups are compared by: a share, a mean, or net points.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.common.statistics import Moments, moments, two_means, two_proportions, wilson
from surveys import scoring
from surveys.kano import classify
from surveys.kano.classify import ORDER
from surveys.models import KanoCategory, QuestionKind
from surveys.results.hiding import Shown, groups_of, kano_of
from surveys.results.questions import FILES, TEXTS, Asked

FEW = 30
"""Answers, unless the terms say otherwise: fewer are marked, and never ranked."""
Figure = scoring.Csat | scoring.Ces | scoring.Nps
SATISFIED = (QuestionKind.CSAT, QuestionKind.STARS, QuestionKind.LIKERT)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
SHARE, MEAN, NET = "share", "mean", "net"


@dataclass(frozen=True, slots=True)
class Bar:
    """How many gave an answer, and their share with its interval, from 0 to 1; None: withheld."""

    key: str
    label: str
    n: int | None
    share: float | None
    low: float | None = None
    high: float | None = None
    is_bad: bool = False
    place: float | None = None
    """Of a ranked choice its mean place."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is compared, with its interval and what it is made of."""

    name: str
    label: str
    kind: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    hits: int = 0
    moments: Moments | None = None

    @property
    def times(self) -> int:
        """What it is shown multiplied with: shares and net points are per cent."""
        return 1 if self.kind == MEAN else 100


@dataclass(frozen=True, slots=True)
class Change:
    """One measure less another, with its interval, and how likely so much is by chance."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a question, or of a row of a matrix."""

    asked: Asked
    label: str
    n: int | None
    figure: Figure | None
    bars: Sequence[Bar]
    measures: Sequence[Measure]
    kano: classify.Summary | None = None
    quantiles: Sequence[tuple[float, float]] = ()
    rows: Sequence["Told"] = ()
    is_partly_hidden: bool = False

    @property
    def kind(self) -> str:
        """How it is shown."""
        if self.asked.kind in (*TEXTS, *FILES):
            return "words" if self.asked.kind in TEXTS else "files"
        return str(self.asked.kind)


def tell(asked: Asked, shown: Mapping[str, Shown]) -> Told:
    """What is told of a question of its answers by row ("" but for a matrix)."""
    if asked.kind == QuestionKind.MATRIX:
        rows = [
            _told(asked, label, shown[code], name=code)
            for code, label in asked.labels.items()
            if code in shown
        ]
        most = max((row.n for row in rows if row.n is not None), default=None)
        measures = [measure for row in rows for measure in row.measures]
        hidden = any(row.is_partly_hidden for row in rows)
        return Told(asked, asked.text, most, None, (), measures, rows=rows, is_partly_hidden=hidden)
    return _told(asked, asked.text, shown.get("", Shown({}, 0, {})))


def _told(asked: Asked, label: str, shown: Shown, name: str = "") -> Told:
    bars, kano = _bars(asked, shown), None
    if asked.kind == QuestionKind.KANO and shown.true is not None:
        categories = shown.true if set(shown.true) <= set(ORDER) else kano_of(shown.true)
        kano = classify.summarise_counts(categories)
    quantiles = _quantiles(shown.true) if asked.kind == QuestionKind.NUMBER and shown.true else []
    return Told(
        asked,
        label,
        shown.n,
        figure_of(asked, shown.true) if shown.true is not None else None,
        bars,
        measures_of(asked, shown, label=label if name else "", name=name),
        kano,
        quantiles,
        is_partly_hidden=shown.n is None or shown.true is None or None in shown.counts.values(),
    )


def figure_of(asked: Asked, counts: Mapping[str, int]) -> Figure | None:
    """The figure of a question's kind; None for kinds without one."""
    if not asked.is_scored:
        return None
    ordered = [counts.get(str(score), 0) for score in asked.scores]
    if asked.kind == QuestionKind.NPS:
        return scoring.nps_of(ordered)
    return scoring.ces_of(ordered) if asked.kind == QuestionKind.CES else scoring.csat_of(ordered)


def _bars(asked: Asked, shown: Shown) -> list[Bar]:
    nothing = 0 if shown.true is not None else None
    if asked.kind == QuestionKind.RANKING:
        return _places(asked, shown)
    if asked.kind == QuestionKind.KANO:
        counts: Mapping[str, int | None] = shown.counts
        if not set(counts) <= set(ORDER):
            counts = kano_of({key: n or 0 for key, n in counts.items()})
        return [_bar(asked, key, str(KanoCategory(key).label), counts.get(key), shown.n) for key in ORDER]
    return [
        _bar(asked, key, label, shown.counts.get(key, nothing), shown.n)
        for key, label in _labels(asked, shown)
    ]


def _labels(asked: Asked, shown: Shown) -> list[tuple[str, str]]:
    if asked.is_scored or asked.kind == QuestionKind.MATRIX:
        return [(str(score), str(score)) for score in asked.scores]
    if asked.kind == QuestionKind.CONSENT:
        return [("1", _("agreed")), ("0", _("did not agree"))]
    if asked.kind == QuestionKind.DATE:
        return [(month, month) for month in sorted(shown.counts)]
    return list(asked.labels.items()) if asked.kind in {QuestionKind.SINGLE, QuestionKind.MULTIPLE} else []


def _bar(asked: Asked, key: str, label: str, n: int | None, of: int | None) -> Bar:
    if n is None or not of:
        return Bar(key, label, n, None)
    low, high = wilson(n, of)
    is_bad = asked.is_scored and asked.bad_up_to is not None and int(key) <= asked.bad_up_to
    return Bar(key, label, n, n / of, low, high, is_bad=is_bad)


def _places(asked: Asked, shown: Shown) -> list[Bar]:
    """The ranked choices, the best first, with their mean place and how often each came first."""
    if shown.true is None or not shown.n:
        return [Bar(code, label, None, None) for code, label in asked.labels.items()]
    found = []
    for code, label in asked.labels.items():
        places = _ranked(asked, shown.true, code)
        first = shown.true.get(f"{code}:1", 0)
        low, high = places.interval() or (None, None)
        share = first / places.n if places.n else None
        found.append(Bar(code, label, first, share, low, high, place=places.mean))
    return sorted(found, key=lambda bar: (bar.place is None, bar.place or 0))


def _quantiles(counts: Mapping[str, int]) -> list[tuple[float, float]]:
    """Of numbers that were kept to three figures: the value below which a part of them lies."""
    values = sorted((float(key), n) for key, n in counts.items() if key)
    n = sum(count for _value, count in values)
    found = []
    for part in QUANTILES:
        wanted, seen = max(1, math.ceil(part * n)), 0
        for value, count in values:
            seen += count
            if seen >= wanted:
                found.append((part, value))
                break
    return found


def measures_of(asked: Asked, shown: Shown, *, label: str = "", name: str = "") -> list[Measure]:
    """The numbers that a question is compared by; none where a count of them is withheld."""
    if shown.true is None or not shown.n:
        return []
    counts = shown.true
    if asked.is_scored or asked.kind == QuestionKind.MATRIX:
        return [_of_scores(asked, counts, label, name)]
    if asked.kind == QuestionKind.NUMBER:
        return [_mean("", _("mean"), moments((float(key), n) for key, n in counts.items() if key))]
    if asked.kind == QuestionKind.RANKING:
        return [_mean(code, text, _ranked(asked, counts, code)) for code, text in asked.labels.items()]
    labels = {"1": _("agreed")} if asked.kind == QuestionKind.CONSENT else {}
    if asked.kind in {QuestionKind.SINGLE, QuestionKind.MULTIPLE}:
        labels = asked.labels
    return [share_of(code, text, counts.get(code, 0), shown.n) for code, text in labels.items()]


def _ranked(asked: Asked, counts: Mapping[str, int], code: str) -> Moments:
    """The places of a ranked choice."""
    return moments((at, counts.get(f"{code}:{at}", 0)) for at in range(1, len(asked.labels) + 1))


def _of_scores(asked: Asked, counts: Mapping[str, int], label: str, name: str) -> Measure:
    scored = [(score, counts.get(str(score), 0)) for score in asked.scores]
    n = sum(count for _score, count in scored)
    if asked.kind == QuestionKind.NPS:
        net = moments((1 if score >= 9 else 0 if score >= 7 else -1, count) for score, count in scored)  # noqa: PLR2004 - NPS
        figure = scoring.nps_of([count for _score, count in scored])
        return Measure(name, label, NET, *_hundredths(figure), n, moments=net)
    if asked.kind == QuestionKind.CES:
        return _mean(name, label, moments(scored), within=(1, len(asked.scores)))
    top = set(groups_of(asked)[0])
    return share_of(name, label, sum(count for score, count in scored if score in top), n)


def _hundredths(figure: scoring.Nps) -> tuple[float | None, float | None, float | None]:
    if figure.value is None or figure.low is None or figure.high is None:
        return None, None, None
    return figure.value / 100, figure.low / 100, figure.high / 100


def share_of(name: str, label: str, hits: int, n: int) -> Measure:
    """A share with Wilson's interval."""
    low, high = wilson(hits, n) if n else (None, None)
    return Measure(name, label, SHARE, hits / n if n else None, low, high, n, hits)


def _mean(name: str, label: str, of: Moments, within: tuple[float, float] | None = None) -> Measure:
    low, high = of.interval() or (None, None)
    if within is not None and low is not None and high is not None:
        low, high = max(low, within[0]), min(high, within[1])
    return Measure(name, label, MEAN, of.mean, low, high, of.n, moments=of)


def change(first: Measure, second: Measure) -> Change:
    """The second less the first."""
    if first.kind == SHARE:
        shares = two_proportions(first.hits, first.n, second.hits, second.n)
        return Change(shares.difference, shares.low, shares.high, shares.chance)
    if first.moments is None or second.moments is None:
        return Change(None, None, None, None)
    means = two_means(first.moments, second.moments)
    return Change(means.difference, means.low, means.high, means.p)
