"""The answers of waves as they may be shown: all of them, or of anonymous waves what hides everybody.

Anonymous waves are told of one at a time: a sum of several less one of them would be a figure of the other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from surveys.models import Campaign, SurveyTerms, Wave
from surveys.results import cells
from surveys.results.counted import WEEK, Counts, Cut, Sums, added, count
from surveys.results.dimensions import ANONYMOUS
from surveys.results.figures import FEW, Told, tell
from surveys.results.hiding import (
    EVERYTHING_HIDDEN,
    Shown,
    guard,
    guard_groups,
    is_over,
    plain,
    steps_of,
)
from surveys.results.questions import Asked

ByRow = dict[str, Shown]


@dataclass(frozen=True, slots=True)
class Answers:
    """What may be shown of some responses: how many there are, and by question (its name) and row."""

    responses: int | None
    by_question: Mapping[str, ByRow]
    hours: Counts = field(default_factory=dict)
    waited: Counts = field(default_factory=dict)
    versions: Mapping[str, Collection[int]] = field(default_factory=dict)
    """By question the versions that these responses answered."""

    def told(self, asked: Asked) -> Told:
        """What is told of a question."""
        if self.responses is None:
            return tell(asked, dict.fromkeys([*asked.labels, ""], EVERYTHING_HIDDEN))
        return tell(asked, self.by_question.get(asked.name, {}))

    def number(self, asked: Asked) -> int:
        """How many answered a question, as far as that is told."""
        return max((one.n or 0 for one in self.by_question.get(asked.name, {}).values()), default=0)


@dataclass(frozen=True, slots=True)
class Source:
    """Which responses are looked at, and by which rules they are shown."""

    campaign: Campaign
    waves: Sequence[Wave]
    cut: Cut
    questions: Sequence[Asked]
    at: datetime
    smallest: int = cells.USUAL
    few: int = FEW

    @property
    def numbers(self) -> list[int]:
        """The numbers of the questions that are told of."""
        return [pk for one in self.questions for pk in one.numbers]

    def of(self, wave: Wave) -> "Source":
        """The same of one wave."""
        return replace(self, waves=[wave], cut=self.cut.of(wave.pk))

    def about(self, questions: Iterable[Asked]) -> "Source":
        """The same of some questions."""
        return replace(self, questions=list(questions))


def source(
    campaign: Campaign, waves: Sequence[Wave], cut: Cut, questions: Sequence[Asked], at: datetime
) -> Source:
    """The same with the terms of surveys. One query."""
    terms = SurveyTerms.objects.first() or SurveyTerms()
    return Source(campaign, waves, cut, questions, at, terms.smallest_cell, terms.few)


def everyone(source: Source, *, timed: bool = False) -> Answers:
    """All of them together; only when `timed`, of named ones, with their hours and how long they waited."""
    if not source.campaign.is_anonymous:
        found = count(source.cut, questions=None if timed else source.numbers)
        return _plain(source, added(list(found.values())))
    if source.cut.narrow:
        ((name, values),) = source.cut.narrow
        groups = by(replace(source, cut=replace(source.cut, narrow=())), name)
        return groups.get(values[0] if values else "", Answers(None, {}))
    return _guarded(source)


def by_wave(source: Source) -> dict[int, Answers]:
    """Wave by wave."""
    if source.campaign.is_anonymous:
        return {wave.pk: everyone(source.of(wave)) for wave in source.waves}
    found = count(source.cut, questions=source.numbers)
    return {wave.pk: _plain(source, found.get((wave.pk, ""), {})) for wave in source.waves}


def by(source: Source, dimension: str) -> dict[str, Answers]:
    """By value of a dimension; of anonymous ones by stratum or channel, once the wave takes no answers."""
    if source.campaign.is_anonymous:
        return _guarded_groups(source, dimension)
    found: dict[str, list[Sums]] = {}
    for (_wave, value), sums in count(source.cut, by=dimension, questions=source.numbers).items():
        found.setdefault(value, []).append(sums)
    return {value: _plain(source, added(sums)) for value, sums in found.items()}


def told_up_to(source: Source) -> date | None:
    """Of an anonymous wave, the last week that is told of; None where there is none yet."""
    steps = _steps(source, _weeks(source))
    return steps[-1][-1] if steps else None


def told_weeks(campaigns: Iterable[Campaign], at: datetime) -> dict[int, date]:
    """By anonymous wave of some campaigns the last week that is told of, where there is one."""
    waves = list(Wave.objects.filter(campaign__in=campaigns).select_related("campaign"))
    found = count(Cut(waves=tuple(wave.pk for wave in waves)), by=WEEK, questions=())
    smallest = cells.smallest_cell()
    told = {}
    for wave in waves:
        weeks = {date.fromisoformat(week): sums for (pk, week), sums in found.items() if pk == wave.pk}
        steps = steps_of(weeks, smallest, at, over=is_over(wave, at))
        if steps:
            told[wave.pk] = steps[-1][-1]
    return told


def weeks_of(source: Source) -> list[date]:
    """The weeks in which somebody answered, told of or not."""
    return sorted(_weeks(source))


def _plain(source: Source, sums: Sums) -> Answers:
    by_question, versions = {}, {}
    for asked in source.questions:
        rows = _rows(asked, sums)
        by_question[asked.name] = {row: plain(counts) for row, counts in rows.items()}
        versions[asked.name] = {
            number for pk, number in asked.versions.items() if any(place[0] == pk for place in sums)
        }
    timing = {row: sums.get((None, row), {}) for row in ("hour", "waited")}
    return Answers(_people(sums), by_question, timing["hour"], timing["waited"], versions)


def _rows(asked: Asked, sums: Sums) -> dict[str, Counts]:
    """The counts of a question over its versions, by row."""
    found: dict[str, Counts] = {}
    for row in asked.labels if asked.kind == "matrix" else [""]:
        counts = found[row] = {}
        for pk in asked.versions:
            for key, n in sums.get((pk, row), {}).items():
                counts[key] = counts.get(key, 0) + n
    return found


def _weeks(source: Source) -> dict[date, Sums]:
    found = count(replace(source.cut, narrow=()), by=WEEK)
    return {date.fromisoformat(week): sums for (_wave, week), sums in found.items()}


def _steps(source: Source, weeks: Mapping[date, Sums]) -> list[list[date]]:
    if not source.waves:
        return []
    (wave,) = source.waves
    return steps_of(weeks, source.smallest, source.at, over=is_over(wave, source.at))


def _guarded(source: Source) -> Answers:
    weeks = _weeks(source)
    steps = [added([weeks[week] for week in step]) for step in _steps(source, weeks)]
    n = sum(map(_people, steps))
    if n < source.smallest:
        return Answers(None, {})
    by_question, versions = {}, {}
    for asked in source.questions:
        by_question[asked.name] = {
            row: guard(asked, [_rows(asked, step)[row] for step in steps], source.smallest)
            for row in (asked.labels if asked.kind == "matrix" else [""])
        }
        versions[asked.name] = {
            number
            for pk, number in asked.versions.items()
            if any(place[0] == pk for step in steps for place in step)
        }
    return Answers(n, by_question, versions=versions)


def _guarded_groups(source: Source, dimension: str) -> dict[str, Answers]:
    last = told_up_to(source)
    if dimension not in ANONYMOUS or last is None or not is_over(source.waves[0], source.at):
        return {}
    cut, whole = replace(source.cut, narrow=(), until=(last,)), _guarded(source)
    groups = {value: sums for (_wave, value), sums in count(cut, by=dimension).items()}
    everybody = added(list(count(cut).values()))
    sizes = [_people(sums) for sums in groups.values()]
    told = cells.line([*sizes, _people(everybody) - sum(sizes)], source.smallest).cells
    found: dict[str, dict[str, ByRow]] = {value: {} for value in groups}
    for asked in source.questions:
        for row, shown in whole.by_question.get(asked.name, {}).items():
            counts = {value: _rows(asked, sums)[row] for value, sums in groups.items()}
            counts[NOBODY] = _rest(_rows(asked, everybody)[row], counts.values())
            guarded = guard_groups(asked, counts, shown, source.smallest)
            for value in groups:
                found[value].setdefault(asked.name, {})[row] = guarded[value]
    return {
        value: Answers(n, found[value] if n is not None else {})
        for value, n in zip(groups, told, strict=False)
    }


NOBODY = "\0"
"""Those of no group, such as of no stratum: they count beside the groups, and are shown to nobody."""


def _rest(everybody: Counts, groups: Iterable[Counts]) -> Counts:
    known = list(groups)
    return {key: n - sum(counts.get(key, 0) for counts in known) for key, n in everybody.items()}


def _people(sums: Sums) -> int:
    return sums.get((None, ""), {}).get("", 0)


def question_of(questions: Sequence[Asked], name: str) -> Asked | None:
    """The question of a name."""
    return next((one for one in questions if one.name == name), None)


def current_version(campaign: Campaign) -> int | None:
    """The version that was published last."""
    return (
        campaign.survey.versions.filter(published_at__isnull=False)
        .order_by("-number")
        .values_list("pk", flat=True)
        .first()
    )
