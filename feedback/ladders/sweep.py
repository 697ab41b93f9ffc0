"""One pass over the clocks that are due: breaches are put on record and rungs fire, each once.

A pass takes the due clocks in chunks of cases, each in a transaction of its own. It locks the cases first,
as every command does, and passes over those that somebody else holds: the next pass finds them again.
Two passes at once share the work; a pass that is killed leaves whole chunks behind it, and the rest to the
next.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from config.common import bulk
from feedback.clocks.commands import retarget_all
from feedback.clocks.running import Running, terms_of
from feedback.ladders import mail, people
from feedback.ladders.firing import Effects, Fire, Shot
from feedback.ladders.people import People
from feedback.models import Alert, Case, Clock, Firing

log = logging.getLogger(__name__)

CHUNK = 1_000  # cases a transaction
LIMIT = 100_000  # clocks a pass


@dataclass(slots=True)
class SweepResult:
    """What a pass did."""

    clocks: int = 0
    breached: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    """How many rungs of each action."""
    failed: list[int] = field(default_factory=list)
    """Cases on which something went wrong; it is in the log, and the next pass tries them again."""


def sweep(at: datetime, limit: int = LIMIT, chunk: int = CHUNK) -> SweepResult:
    """Do what is due at `at`, at most `limit` clocks' worth of it."""
    result = SweepResult()
    cases = due_cases(at, limit)
    if not cases:
        return result
    staff = people.load()
    for start in range(0, len(cases), chunk):
        some = cases[start : start + chunk]
        try:
            _sweep_cases(some, staff, at, result)
        except Exception:
            log.exception("a chunk of the sweep failed; its cases are tried one by one")
            staff = people.load()
            _one_by_one(some, staff, at, result)
    return result


def due_cases(at: datetime, limit: int) -> list[int]:
    """Find the cases of the clocks that are due, the longest due first. Reads the index clock_fire."""
    due = Clock.objects.filter(next_fire_at__lte=at).order_by("next_fire_at")
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
    """Do what is due for some cases that nobody else holds."""
    cases = (
        Case.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(pk__in=ids)
        .order_by("pk")
    )
    running = Running(cases, actor=None, at=at)
    due = [clock for clock in running.clocks if clock.next_fire_at is not None and clock.next_fire_at <= at]
    breached = 0
    shots: list[Shot] = []
    for clock in due:
        shots += _shots(running, clock)
        if clock.breached_at is None and clock.due_at <= at:
            running.breach(clock)
            breached += 1
        else:
            running.schedule(clock)
    shots.sort(key=lambda shot: (shot.due_at, shot.clock.pk, shot.number))
    fire = Fire(running, staff)
    for shot in shots:
        fire(shot)
    if fire.effects.raised:
        raised = fire.effects.raised
        retarget_all(running, [clock for clock in running.clocks if clock.case_id in raised])
    running.save()
    _write(fire.effects, at)
    result.clocks += len(due)
    result.breached += breached
    result.fired.update(shot.rung.action.value for shot in shots)


def _shots(running: Running, clock: Clock) -> list[Shot]:
    """Take the rungs that are due off a clock's ladder."""
    terms = terms_of(clock)
    first = clock.rungs_fired
    if first >= len(terms.rungs):
        return []
    times = terms.fire_times(clock.started_at, clock.due_at, running.pauses(clock))
    due = [number for number in range(first, len(times)) if times[number] <= running.at]
    clock.rungs_fired += len(due)
    return [Shot(clock, number, terms.rungs[number], times[number]) for number in due]


def _write(effects: Effects, at: datetime) -> None:
    for case in effects.cases.values():
        case.version += 1
    changed = list(effects.cases.values())
    bulk.update(Case, changed, ["department", "agent", "status", "priority", "version"])
    bulk.insert(Firing, effects.firings)
    bulk.insert(Alert, effects.alerts)
    mail.put({alert.user_id for alert in effects.alerts}, at=at)
