"""Moving running clocks over to the policies in force, by choice: start and pauses stay, what is late stays.

A clock's policy is chosen anew by the facts that it was chosen by before. Batches of cases are locked and
changed one after the other, each in a transaction of its own, so that nobody waits long and a worker that is
lost leaves the rest to the next.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from config.common.errors import NotFound
from config.common.events import record
from config.common.models import User
from feedback.clocks.running import Running
from feedback.clocks.starting import Starter
from feedback.models import Case, Clock, ClockMove, Milestone
from feedback.sops import queries as sops
from feedback.sops.rules import Facts, Rule, choose

BATCH = 200
"""Cases a transaction."""
AT_ONCE = 200
"""With up to so many cases, whoever asks can wait for it."""


def affected(policies: Sequence[Rule] | None = None) -> tuple[int, list[int]]:
    """Count the running clocks that other terms would hold for, and name their cases.

    `policies` are those in force unless others are given; what is late already does not count.
    Reviews without a case keep the policy that they began with: nothing but their answer is left to do.
    """
    if policies is None:
        policies = sops.book().rules
    known: dict[tuple[Facts, str], int | None] = {}
    clocks, cases = 0, set()
    running = Clock.objects.filter(case__isnull=False, met_at=None, stopped_at=None, breached_at=None)
    running = running.exclude(facts={})  # nobody knows by what their policies were chosen
    rows = running.values_list("case_id", "milestone", "policy_version_id", "facts")
    for case, milestone, version, kept in rows.iterator(chunk_size=5_000):
        facts = Facts.from_json(kept)
        key = (facts, milestone)
        if key not in known:
            rule = choose(policies, facts, milestone).rule
            known[key] = rule.version if rule else None
        if known[key] is not None and known[key] != version:
            clocks += 1
            cases.add(case)
    return clocks, sorted(cases)


@transaction.atomic
def begin(*, actor: User | None, at: datetime) -> ClockMove:
    """Take down which cases' clocks are to be moved; `go_on` moves them."""
    _clocks, cases = affected()
    move = ClockMove.objects.create(asked_by=actor, asked_at=at, cases=cases)
    record("clockmove.asked", move, actor=actor, at=at, cases=len(cases))
    return move


@transaction.atomic
def go_on(*, move_id: int, at: datetime, batch: int = BATCH) -> ClockMove:
    """Move the clocks of the next cases; one that is finished, or that somebody else is at, stays.

    Raises:
        NotFound: there is no such move.
    """
    move = ClockMove.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=move_id).first()
    if move is None:
        found = ClockMove.objects.filter(pk=move_id).first()
        if found is None:
            raise NotFound
        return found
    if move.finished_at is not None:
        return move
    ids = move.cases[move.cases_done : move.cases_done + batch]
    cases = list(Case.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    move.moved += _move(cases, move.asked_by, at)
    move.cases_done += len(ids)
    if move.cases_done >= len(move.cases):
        move.finished_at = at
        record("clockmove.finished", move, actor=move.asked_by, at=at, moved=move.moved)
    move.save(update_fields=["moved", "cases_done", "finished_at"])
    return move


def going() -> list[int]:
    """The moves that are not finished."""
    return list(ClockMove.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True))


def _move(cases: Sequence[Case], actor: User | None, at: datetime) -> int:
    """Put the clocks of locked cases under the policies in force; gives how many were."""
    if not cases:
        return 0
    running = Running(cases, actor=actor, at=at)
    starter = Starter(running)
    moved = 0
    for clock in running.clocks:
        if not clock.facts:
            continue
        case, facts = running.case_of(clock), Facts.from_json(clock.facts)
        began_in = starter.department(facts.department) or clock.department_id
        terms = starter.make(case, Milestone(clock.milestone), began_in, facts)
        if terms is not None and terms.policy_version_id != clock.policy_version_id:
            moved += running.retarget(clock, terms, why="policy")
    running.save()
    return moved
