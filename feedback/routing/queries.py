"""Who could be given a case, and what keeps the others: for previews and for a case that waits."""

from dataclasses import dataclass, replace
from datetime import datetime

from feedback.models import Agent, Case, Department, PresenceState
from feedback.org.queries import colleagues
from feedback.routing import pool as pools
from feedback.routing import rules
from feedback.routing.rules import Choice, Need, Obstacle
from feedback.shifts import queries as shifts
from feedback.shifts.rules import OFFLINE

_AWAY = {OFFLINE: Obstacle.OFFLINE, PresenceState.BUSY: Obstacle.BUSY, PresenceState.AWAY: Obstacle.AWAY}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent of the department: what they have of what they may have, and what keeps them, if anything."""

    agent: Agent
    load: int
    limit: int
    obstacle: Obstacle | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the router would do with a case now: whom it would choose, and how everybody stands."""

    choice: Choice | None
    candidates: list[Candidate]


def outlook(department: Department, need: Need, at: datetime) -> Outlook:
    """Tell whom a department would give a case to now, and why the others would not get it: six queries."""
    agents = list(colleagues(department).prefetch_related("skills"))
    ids = [agent.pk for agent in agents]
    on, states, load = shifts.on_shift(ids, at), shifts.states(ids, at), shifts.loads(ids)
    candidates, seats = [], []
    for agent in agents:
        seat = pools.seat_of(agent)
        seat.chats, seat.others = load[agent.pk].chats, load[agent.pk].others
        away = Obstacle.SHIFT if agent.pk not in on else _AWAY.get(states[agent.pk])
        obstacle = away or rules.obstacle(seat, need)
        if obstacle is None:
            seats.append(replace(seat))
        candidates.append(
            Candidate(agent, seat.load(is_chat=need.is_chat), seat.limit(is_chat=need.is_chat), obstacle)
        )
    candidates.sort(key=lambda one: (one.obstacle is not None, one.load / (one.limit or 1), one.agent.pk))
    return Outlook(rules.choose(need, seats), candidates)


def outlook_of(case: Case, at: datetime) -> Outlook:
    """The same for a case that there is, with all that is known of its member."""
    pool = pools.load({case.department_id: case.department}, at)
    return outlook(case.department, pools.needs([case], pool, at)[case.pk], at)
