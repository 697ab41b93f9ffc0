"""One pass over the clocks that are due: breaches are put on record and rungs fire, each once.

A pass takes the due clocks in chunks of cases, each in a transaction of its own. It locks the cases first,
as every command does, and passes over those that somebody else holds: the next pass finds them again.
Two passes at once share the work; a pass that is killed leaves whole chunks behind it, and the rest to the
next.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from django.db import connection, transaction
from django.db.models import Min

from config.common import bulk
from config.common.models import User
from feedback.cases import waiting
from feedback.cases.queries import visible_to
from feedback.clocks.commands import retarget_all
from feedback.clocks.rules import Pauses, Terms
from feedback.clocks.running import Running
from feedback.ladders import approvals, asking, members, people, reviewing
from feedback.ladders.chunk import Due, Held, Shot
from feedback.ladders.firing import Fire
from feedback.ladders.people import People
from feedback.ladders.writing import write
from feedback.models import UNENDED, Case, CaseStatus, Clock, PlaybookUse, RungAction
from feedback.org import digests
from feedback.playbooks import commands as playbooks
from feedback.sops import queries as sops

log = logging.getLogger(__name__)

CHUNK = 1_000  # cases a transaction
WORKERS = 2  # connections that share the chunks of a large pass
LIMIT = 100_000  # clocks a pass

LOCK = """
SELECT id, member_id, department_id, agent_id, status, priority,
    status = 'waiting_member' OR waiting_for <> ''
FROM feedback_case
WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
CLOCKS = """
SELECT id, case_id, milestone, handoff_id IS NOT NULL, department_id, calendar_version_id,
    ladder_version_id, work, started_at, due_at, breached_at, rungs_fired, paused_at IS NOT NULL
FROM feedback_clock WHERE case_id = ANY(%s::bigint[]) AND next_fire_at <= %s ORDER BY id
"""
WATCHERS = """
SELECT case_id, user_id FROM feedback_watcher WHERE case_id = ANY(%s::bigint[]) ORDER BY id
"""
ASKED = """
SELECT case_id, department_id FROM feedback_handoff WHERE case_id = ANY(%s::bigint[]) AND status = ANY(%s)
"""
PAUSES = """
SELECT clock_id, from_at, to_at FROM feedback_pause
WHERE clock_id = ANY(%s::bigint[]) AND verdict <> 'rejected'
"""


@dataclass(slots=True)
class SweepResult:
    """What a pass did."""

    clocks: int = 0
    breached: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    """How many rungs of each action."""
    failed: list[int] = field(default_factory=list)
    """Cases on which something went wrong; it is in the log, and the next pass tries them again."""

    def __iadd__(self, other: "SweepResult") -> Self:
        """Add what another worker of the pass did."""
        self.clocks += other.clocks
        self.breached += other.breached
        self.fired += other.fired
        self.failed += other.failed
        return self


def sweep(at: datetime, limit: int = LIMIT, chunk: int = CHUNK, workers: int = 1) -> SweepResult:
    """Do what is due at `at`, at most `limit` clocks' worth of it.

    With several `workers`, threads with connections of their own share the chunks when there are several.
    At the end the letters and messages to colleagues that are due are made up.

    Raises:
        RuntimeError: several workers, inside a transaction: theirs would not see what it did.
    """
    if workers > 1 and connection.in_atomic_block:
        raise RuntimeError("the workers of a sweep have transactions of their own: not inside another one")
    result = _share(at, limit, chunk, workers)
    of_reviews = reviewing.sweep_reviews(at, limit, chunk)
    result += SweepResult(of_reviews.clocks, of_reviews.breached, of_reviews.fired)
    approvals.lapse(at=at)
    digests.gather(at)
    return result


def _share(at: datetime, limit: int, chunk: int, workers: int) -> SweepResult:
    cases = due_cases(at, limit)
    chunks = iter([cases[start : start + chunk] for start in range(0, len(cases), chunk)])
    workers = min(workers, -(-len(cases) // chunk))
    if workers <= 1:
        return _work(chunks, at)
    result = SweepResult()
    with ThreadPoolExecutor(workers, thread_name_prefix="sweep") as pool:
        for done in [pool.submit(_work_apart, chunks, at) for _ in range(workers)]:
            result += done.result()
    return result


def _work_apart(chunks: Iterator[list[int]], at: datetime) -> SweepResult:
    """Work in a thread, whose connection ends with it."""
    try:
        return _work(chunks, at)
    finally:
        connection.close()


def _work(chunks: Iterator[list[int]], at: datetime) -> SweepResult:
    """Take chunks until none is left; several workers may take from the same ones."""
    result = SweepResult()
    staff: People | None = None
    for some in chunks:
        staff = staff or people.load(at)
        try:
            _sweep_cases(some, staff, at, result)
        except Exception:
            log.exception("a chunk of the sweep failed; its cases are tried one by one")
            staff = people.load(at)
            _one_by_one(some, staff, at, result)
    return result


def due_cases(at: datetime, limit: int) -> list[int]:
    """Find the cases of the clocks that are due, the longest due first. Reads the index clock_fire."""
    due = Clock.objects.filter(next_fire_at__lte=at, case__isnull=False).order_by("next_fire_at")
    return list(dict.fromkeys(due.values_list("case_id", flat=True)[:limit]))


def _one_by_one(cases: Sequence[int], staff: People, at: datetime, result: SweepResult) -> None:
    """Let one broken case not hold up the others."""
    for case in cases:
        try:
            _sweep_cases([case], staff, at, result)
        except Exception:
            log.exception("the sweep failed on case %s", case)
            result.failed.append(case)


@transaction.atomic
def _sweep_cases(ids: Sequence[int], staff: People, at: datetime, result: SweepResult) -> None:
    """Do what is due for those of the cases that nobody else holds."""
    cases = _lock(ids)
    clocks = _due(cases, at)
    if capped := {clock.case for clock in clocks.values() if clock.is_paused}:
        for pk in _end_pauses(capped, at):
            cases[pk].status, cases[pk].is_waiting = CaseStatus.OPEN.value, False
        clocks = _due(cases, at)
    pauses = _pauses(clocks)
    shots: list[Shot] = []
    for clock in clocks.values():
        shots += _take(clock, pauses.get(clock.pk, ()), at)
    shots.sort(key=lambda shot: shot[:3])
    fire = Fire(
        cases,
        clocks,
        staff,
        watchers=_watchers(cases),
        asked=_asked(shots, cases),
        playing=_playing(shots, cases),
    )
    for shot in shots:
        fire(shot)
    fire.tell_watchers()
    write(list(clocks.values()), [case for case in cases.values() if case.is_changed], fire, at)
    _retarget([case.pk for case in cases.values() if case.is_raised], at)
    asking.ask(fire.questions, at=at)
    for case, playbook in fire.plays:
        playbooks.apply(case_id=case, playbook_id=playbook, actor=None, at=at)
    members.tell(fire.news.values(), staff, at=at)
    digests.add_many(fire.lines, at=at)
    result.clocks += len(clocks)
    result.breached += sum(clock.is_breached_now for clock in clocks.values())
    result.fired.update(shot.rung.action.value for shot in shots)


def _lock(ids: Sequence[int]) -> dict[int, Held]:
    return {row[0]: Held(*row) for row in _rows(LOCK, ids)}


def _due(cases: Iterable[int], at: datetime) -> dict[int, Due]:
    """Look again, now that nobody else can change them: a clock may have been met in the meantime."""
    return {row[0]: Due(*row) for row in _rows(CLOCKS, cases, at)}


def _pauses(clocks: Iterable[int]) -> dict[int, list[tuple[datetime, datetime | None]]]:
    found: dict[int, list[tuple[datetime, datetime | None]]] = {}
    for clock, from_at, to_at in _rows(PAUSES, clocks):
        found.setdefault(clock, []).append((from_at, to_at))
    return found


def _watchers(cases: Iterable[int]) -> dict[int, list[int]]:
    """Give the accounts that watch each case, as far as they may see it still."""
    found: dict[int, list[int]] = {}
    of_user: dict[int, list[int]] = {}
    for case, user in _rows(WATCHERS, cases):
        of_user.setdefault(user, []).append(case)
    for user in User.objects.filter(pk__in=of_user, is_active=True).order_by("pk"):
        for case in visible_to(user).filter(pk__in=of_user[user.pk]).values_list("pk", flat=True):
            found.setdefault(case, []).append(user.pk)
    return found


def _asked(shots: Iterable[Shot], cases: Iterable[int]) -> set[tuple[int, int]]:
    """Give the cases with the departments that have yet to answer, if a rung may ask one."""
    if not any(shot.rung.action == RungAction.HAND_OFF for shot in shots):
        return set()
    return {(case, department) for case, department in _rows(ASKED, cases, [str(one) for one in UNENDED])}


def _playing(shots: Iterable[Shot], cases: Iterable[int]) -> set[tuple[int, int]]:
    """Give the cases with the playbooks that were begun in them, if a rung may begin one."""
    if not any(shot.rung.action == RungAction.PLAYBOOK for shot in shots):
        return set()
    return set(PlaybookUse.objects.filter(case__in=list(cases)).values_list("case", "playbook"))


def _rows(query: str, ids: Iterable[int], *more: Any) -> list[tuple[Any, ...]]:
    """Read by an array of keys, which is much cheaper to send than a thousand parameters."""
    with connection.cursor() as cursor:
        cursor.execute(query, [bulk.array(ids), *more])
        return list(cursor.fetchall())


def _take(clock: Due, pauses: Pauses, at: datetime) -> list[Shot]:
    """Take the rungs that are due off a clock's ladder, note the breach, and when to look next."""
    calendar = sops.calendar(clock.calendar)
    rungs = sops.rungs(clock.ladder, clock.work) if clock.ladder is not None else ()
    terms = Terms(calendar, clock.work, rungs)
    due = []
    clock.next_fire_at = None if clock.due_at <= at else clock.due_at
    for fires_at in terms.fire_times(clock.started_at, clock.due_at, pauses, since=clock.rungs_fired):
        if fires_at > at:
            clock.next_fire_at = min(fires_at, clock.next_fire_at or fires_at)
            break
        due.append(Shot(fires_at, clock.pk, clock.rungs_fired, rungs[clock.rungs_fired]))
        clock.rungs_fired += 1
    clock.is_breached_now = clock.breached_at is None and clock.due_at <= at
    return due


def _end_pauses(ids: Iterable[int], at: datetime) -> list[int]:
    """Let clocks run again whose pauses have lasted as long as they may; some may be late by now.

    Gives the cases that wait no longer, as nothing in them stands still any more.
    """
    ended = Clock.objects.filter(case__in=ids, paused_at__isnull=False, next_fire_at__lte=at)
    first = dict(ended.values_list("case").annotate(Min("next_fire_at")).order_by("case"))
    cases = list(Case.objects.filter(pk__in=first).order_by("pk"))
    Running(cases, actor=None, at=at).save()
    return [one.pk for one in cases if waiting.waited_enough(one, ended_at=first[one.pk], at=at)]


def _retarget(ids: Sequence[int], at: datetime) -> None:
    """Put the clocks of cases whose priority was raised under the policies for it."""
    if ids:
        running = Running(Case.objects.filter(pk__in=ids), actor=None, at=at)
        retarget_all(running, running.clocks)
        running.save()
