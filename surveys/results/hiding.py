"""Counts of answers as they may be shown: of anonymous waves, guarded by the smallest cell.

A wave that still takes answers shows whole weeks that are over, put together until each step has enough
people: whoever looks before and after an answer learns nothing from the difference. Once it takes none any
more, it is told by stratum and channel too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from surveys.kano.classify import ORDER, category
from surveys.models import CampaignState, QuestionKind, Wave
from surveys.results import cells
from surveys.results.counted import Counts, Sums
from surveys.results.questions import Asked

WEEK = timedelta(days=7)
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be shown of the answers to a question, or a row of it; None: withheld."""

    counts: Mapping[str, int | None]
    n: int | None
    true: Counts | None
    """All counts, for figures that are made of them; None where such a figure would give somebody away."""


EVERYTHING_HIDDEN = Shown({}, None, None)


def plain(counts: Counts) -> Shown:
    """All of it, since the answers are not anonymous."""
    said = {key: n for key, n in counts.items() if key}
    return Shown(said, counts.get("", 0), said)


def kano_of(counts: Mapping[str, int]) -> Counts:
    """Pairs of answers as categories."""
    found = dict.fromkeys(ORDER, 0)
    for pair, n in counts.items():
        if pair:
            so, otherwise = pair.split("-")
            found[category(int(so), int(otherwise))] += n
    return found


def is_over(wave: Wave, at: datetime) -> bool:
    """Whether a wave takes no answers any more: all that were asked in it had their time."""
    campaign = wave.campaign
    last = timedelta(days=campaign.valid_days)
    if wave.closes_at is not None:
        return wave.closes_at + last <= at
    if campaign.state != CampaignState.ENDED:
        return False
    newest = wave.invitations.order_by("-expires_at").values_list("expires_at", flat=True).first()
    return newest is None or newest <= at


def steps_of(by_week: Mapping[date, Sums], smallest: int, at: datetime, *, over: bool) -> list[list[date]]:
    """The weeks that are told of, in steps of enough people each."""
    today = timezone.localdate(at)
    weeks = sorted(week for week in by_week if over or week + WEEK <= today)
    people = [by_week[week].get((None, ""), {}).get("", 0) for week in weeks]
    found, begin = [], 0
    for size in cells.blocks(people, smallest):
        found.append(weeks[begin : begin + size])
        begin += size
    return [step for step in found if step]


def guard(asked: Asked, steps: Sequence[Counts], smallest: int) -> Shown:
    """What may be shown of the answers to a question, which came in some steps."""
    n = _sum(steps).get("", 0)
    if n < smallest:
        return EVERYTHING_HIDDEN
    if asked.kind in {QuestionKind.MULTIPLE, QuestionKind.RANKING}:
        return _each_alone(keys_of(asked, steps), steps, n, smallest)
    if asked.kind == QuestionKind.NUMBER:
        true = {key: count for key, count in _sum(steps).items() if key}
        return Shown({}, n, true if n >= QUARTERS * smallest else None)
    if asked.kind == QuestionKind.KANO:
        steps = [kano_of(step) for step in steps]
    keys = keys_of(asked, steps)
    return _apart(asked, keys, steps, smallest) if keys else Shown({}, n, {})


def _apart(asked: Asked, keys: Sequence[str], steps: Sequence[Counts], smallest: int) -> Shown:
    """Answers of which a person gives one."""
    told = cells.running([[step.get(key, 0) for key in keys] for step in steps], smallest)[-1]
    counts = dict(zip(keys, told.so_far, strict=True))
    total = _sum(steps)
    true = {key: total.get(key, 0) for key in keys}
    if None not in told.so_far:
        return Shown(counts, told.whole_so_far, true)
    if asked.is_scored or asked.kind == QuestionKind.MATRIX:
        scored = [{int(key): step.get(key, 0) for key in keys} for step in (*steps, total)]
        groups = groups_of(asked)
        if all(cells.may_average(one, smallest, groups) for one in scored if sum(one.values())):
            return Shown(dict.fromkeys(keys), sum(true.values()), true)
    return Shown(counts, told.whole_so_far, None)


def guard_groups(
    asked: Asked, by_value: Mapping[str, Counts], everyone: Shown, smallest: int
) -> dict[str, Shown]:
    """The same of groups that do not overlap, beside all together as they are shown."""
    if everyone.n is None:
        return dict.fromkeys(by_value, EVERYTHING_HIDDEN)
    if asked.kind in {QuestionKind.MULTIPLE, QuestionKind.RANKING, QuestionKind.NUMBER}:
        return {
            value: Shown({}, counts.get("", 0) if counts.get("", 0) >= smallest else None, None)
            for value, counts in by_value.items()
        }
    if asked.kind == QuestionKind.KANO:
        by_value = {value: {**kano_of(counts), "": counts.get("", 0)} for value, counts in by_value.items()}
    keys = list(everyone.counts)
    table = [[counts.get(key, 0) for key in keys] for counts in by_value.values()]
    if not keys or not table:
        return {value: Shown({}, None, None) for value in by_value}
    fixed = cells.Line(tuple(everyone.counts[key] for key in keys), (), everyone.n)
    told = cells.guarded(table, smallest, fixed)
    found = {}
    for value, row, n in zip(by_value, told.cells, told.rows, strict=True):
        true = {key: by_value[value].get(key, 0) for key in keys}
        is_whole = n is not None and None not in row
        found[value] = Shown(dict(zip(keys, row, strict=True)), n, true if is_whole else None)
    return found


def keys_of(asked: Asked, steps: Sequence[Counts]) -> list[str]:
    """What can be answered, in order; of months what was."""
    if asked.is_scored or asked.kind == QuestionKind.MATRIX:
        return [str(score) for score in asked.scores]
    if asked.kind == QuestionKind.CONSENT:
        return ["1", "0"]
    if asked.kind == QuestionKind.KANO:
        return list(ORDER)
    if asked.kind == QuestionKind.DATE:
        return sorted({key for step in steps for key in step if key})
    return list(asked.labels) if asked.kind in {QuestionKind.SINGLE, QuestionKind.MULTIPLE} else []


def groups_of(asked: Asked) -> list[Collection[int]]:
    """Scores whose share is told of as one."""
    if asked.kind == QuestionKind.NPS:
        return [range(7), range(9, 11)]
    scores = list(asked.scores)
    if asked.kind == QuestionKind.CES:
        return [scores[{5: 3, 7: 4}[len(scores)] :]]
    return [scores[-2:]]


def _each_alone(keys: Sequence[str], steps: Sequence[Counts], n: int, smallest: int) -> Shown:
    """Choices of which a person takes several: each parts those who took it from those who did not."""
    counts: dict[str, int | None] = {}
    for key in keys:
        parts = [[step.get(key, 0), step.get("", 0) - step.get(key, 0)] for step in steps]
        counts[key] = cells.running(parts, smallest)[-1].so_far[0]
    hidden = None in counts.values()
    return Shown(counts, n, None if hidden else {key: count or 0 for key, count in counts.items()})


def _sum(steps: Sequence[Counts]) -> Counts:
    total: Counts = {}
    for step in steps:
        for key, n in step.items():
            total[key] = total.get(key, 0) + n
    return total
