"""Giving cases to agents, and taking back what they cannot finish.

No agent is ever given more than they can have: whoever gives counts what the agent has under the lock of
the agent's row. A router leaves out the agents that another one is giving to just now; the next pass, some
seconds later, finds them again. Locks are taken in the order of the house: cases, then agents.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from config.common.events import record
from feedback.cases import working
from feedback.cases.locking import lock
from feedback.models import Agent, Case, Department, Strategy
from feedback.models.case import TO_DO
from feedback.routing import pool as pools
from feedback.routing import rules
from feedback.routing.leaving import hand_back, hand_back_gone
from feedback.routing.pool import Pool
from feedback.routing.writing import Given, write

__all__ = ["BATCH", "Routed", "hand_back", "hand_back_gone", "route", "route_case"]

BATCH = 250
"""How many cases are given in one transaction: short locks, few statements."""

OVERFLOWING = 100


@dataclass(frozen=True, slots=True)
class Routed:
    """What a pass did."""

    given: int = 0
    handed_back: int = 0
    overflowed: int = 0


def route(*, at: datetime, limit: int = 5_000) -> Routed:
    """Give what waits to those who can take it: one pass over all departments that give cases to agents.

    Chats first, then by priority and next due; at last what waited too long goes to the department that
    this one overflows to. Cases and agents that somebody else works on just now are left to the next pass.
    """
    departments = pools.routed_departments()
    if not departments:
        return Routed()
    handed_back = hand_back_gone(at=at, chats_only=True)
    given = 0
    while given < limit:
        done = _batch(departments, min(BATCH, limit - given), at)
        if not done:
            break
        given += done
    return Routed(given, handed_back, _overflow(departments, at))


@transaction.atomic
def route_case(*, case_id: int, at: datetime) -> Case:
    """Give one case to somebody now, such as a chat in which a member asks for a person.

    Gives the case as it is then: without an agent when its department gives nothing automatically or
    nobody can take it. It waits for other routers that are giving to the same agents. Whoever has the case
    already keeps it.

    Raises:
        NotFound: there is no such case.
    """
    case = lock(case_id)
    if case.agent_id is not None or case.status not in TO_DO:
        return case
    department = Department.objects.filter(pk=case.department_id, is_active=True).first()
    if department is None or department.strategy == Strategy.OFF:
        return case
    pool = pools.load({department.pk: department}, at)
    _hold(pool, pool.seats, wait=True)
    _give([case], pool, at)
    return case


@transaction.atomic
def _batch(departments: Mapping[int, Department], size: int, at: datetime) -> int:
    """Give the most urgent ones; gives their number."""
    asking = pools.asking(departments)
    if not asking:
        return 0
    pool = pools.load({pk: departments[pk] for pk in asking}, at)
    cases = _take(pools.waiting(pool, size))
    _hold(pool, pool.seats)
    return len(_give(cases, pool, at))


def _take(ids: Collection[int]) -> list[Case]:
    """Lock those of the cases that still wait and that nobody works on just now."""
    rows = Case.objects.filter(pools.WAITING, pk__in=ids).order_by("pk")
    return list(rows.select_for_update(skip_locked=True, no_key=True))


def _hold(pool: Pool, agents: Collection[int], *, wait: bool = False) -> None:
    """Lock agents and count what they have; those whom another router holds are left out, or waited for."""
    rows = Agent.objects.filter(pk__in=list(agents), is_active=True).order_by("pk")
    held = rows.select_for_update(skip_locked=not wait, no_key=True).values_list("pk", "turn")
    turns = dict(held)
    pool.keep(turns.keys())
    for agent, turn in turns.items():
        pool.seats[agent].turn = turn
    pool.count()


def _give(cases: Sequence[Case], pool: Pool, at: datetime) -> list[Given]:
    """Choose for each case in the order of urgency, and write what was chosen. Both are locked."""
    if not (cases and pool.seats):
        return []
    needs = pools.needs(cases, pool, at)
    given = []
    for case in pools.in_order(cases):
        choice = rules.choose(needs[case.pk], pool.in_department(case.department_id))
        if choice is not None:
            given.append(Given(case, choice))
    if given:
        write(given, pool, at)
    return given


def _overflow(departments: Mapping[int, Department], at: datetime) -> int:
    """Send what waited too long on to where somebody can take it; gives how many cases went."""
    over = dict(Department.objects.filter(is_active=True).values_list("pk", "overflow_to"))
    done = 0
    for department in departments.values():
        targets = [one for one in rules.chain(over, department.pk) if one in departments]
        late = pools.waiting_too_long(department, at, OVERFLOWING) if targets else []
        if late:
            done += _send_on(late, {pk: departments[pk] for pk in targets}, targets, at)
    return done


@transaction.atomic
def _send_on(
    ids: Sequence[int], departments: Mapping[int, Department], targets: Sequence[int], at: datetime
) -> int:
    """Give what waited too long to somebody in the first of the targets that has somebody for it."""
    pool = pools.load(departments, at)
    if not any(seat.room(is_chat=is_chat) for seat in pool.seats.values() for is_chat in (True, False)):
        return 0
    cases = _take(ids)
    _hold(pool, pool.seats)
    needs = pools.needs(cases, pool, at)
    given = []
    for case in pools.in_order(cases):
        for target in targets:
            need = replace(needs[case.pk], strategy=departments[target].strategy)
            choice = rules.choose(need, pool.in_department(target))
            if choice is not None:
                given.append(Given(_moved(case, departments[target], at), choice))
                break
    if given:
        write(given, pool, at)
    return len(given)


def _moved(case: Case, target: Department, at: datetime) -> Case:
    places = [case.department_id, target.pk]
    record("case.overflowed", case, actor=None, at=at, departments=places)
    return working.transfer(case_id=case.pk, department_id=target.pk, keeps_skill=True, actor=None, at=at)
