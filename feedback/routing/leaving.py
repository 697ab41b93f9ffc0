"""Taking cases back from agents who have left: what they were working on just now stays with them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from config.common import bulk
from config.common.events import Happening, record_all, reference
from config.common.models import Event, User
from feedback.models import Agent, Case, Channel, Department, Presence, PresenceState, Strategy
from feedback.models.case import TO_DO
from feedback.routing import rules
from feedback.routing.rules import Whereabouts
from feedback.shifts import queries as shifts
from feedback.shifts.rules import OFFLINE, gone_since, state_at

BATCH = 500


@dataclass(frozen=True, slots=True)
class Left:
    """A case whose agent has left, and how they left."""

    case: int
    agent: int
    reason: str
    is_offline: bool


def hand_back(*, agent_id: int, at: datetime) -> list[Case]:
    """Take back what an agent who goes now leaves behind, in the departments that give cases to agents.

    Of the cases in which it is our turn, all go back but those that `rules.keeps`: in which the agent did
    something recently, or that a person gave them recently. Gives the cases that went back.
    """
    place = whereabouts([agent_id], at)[agent_id]
    reason = "left" if place.on_shift else "shift"
    rows = _held().filter(agent=agent_id).values_list("pk", flat=True)
    return _take_back([Left(pk, agent_id, reason, place.is_offline) for pk in rows], at)


def hand_back_gone(*, at: datetime, chats_only: bool = False) -> int:
    """Take back what those leave behind who are off their shift, or away or offline for too long.

    Gives the number of cases that went back.
    """
    held = _held()
    if chats_only:
        held = held.filter(channel=Channel.CHAT)
    agents = [pk for pk in held.order_by().values_list("agent", flat=True).distinct() if pk is not None]
    places = whereabouts(agents, at) if agents else {}
    gone = [agent for agent, place in places.items() if not place.on_shift or place.gone_since]
    if not gone:
        return 0
    patience = dict(Department.objects.values_list("pk", "away_after"))
    left = []
    for pk, agent, department, channel in held.filter(agent__in=gone).values_list(
        "pk", "agent", "department", "channel"
    ):
        place = places[agent or 0]
        is_chat = channel == Channel.CHAT
        reason = place.has_left_chat(at) if is_chat else place.has_left(at, patience[department])
        if reason:
            left.append(Left(pk, agent or 0, reason, place.is_offline))
    return sum(len(_take_back(left[one : one + BATCH], at)) for one in range(0, len(left), BATCH))


def whereabouts(agent_ids: Collection[int], at: datetime) -> dict[int, Whereabouts]:
    """Where some agents are: four queries."""
    on_duty = shifts.on_shift(agent_ids, at)
    rows = Presence.objects.filter(agent__in=agent_ids).values_list("agent", "state", "since", "seen_at")
    known = {agent: (state, since, seen_at) for agent, state, since, seen_at in rows}
    found = {}
    for agent in agent_ids:
        state, since, seen_at = known.get(agent, (None, None, None))
        now = state_at(state, seen_at, at)
        gone = gone_since(state, since, seen_at, at) if now in {OFFLINE, PresenceState.AWAY} else None
        found[agent] = Whereabouts(agent in on_duty, now == OFFLINE, gone)
    return found


def _held() -> QuerySet[Case]:
    """The cases in which it is our turn, that have an agent, where cases are given to agents."""
    routed = Department.objects.exclude(strategy=Strategy.OFF).values("pk")
    return Case.objects.filter(resolved_at=None, agent__isnull=False, status__in=TO_DO, department__in=routed)


@transaction.atomic
def _take_back(left: Sequence[Left], at: datetime) -> list[Case]:
    """Put the cases that are not kept back into their departments' queues, leaving out those locked now."""
    by_case = {one.case: one for one in left}
    held = _held().filter(pk__in=by_case).order_by("pk")
    rows = held.select_for_update(skip_locked=True, no_key=True, of=("self",))
    cases = [case for case in rows if case.agent_id == by_case[case.pk].agent]
    last = _last_touched(cases)
    keep_for = dict(Department.objects.values_list("pk", "keep_for"))
    back = [
        case
        for case in cases
        if not rules.keeps(
            is_chat=case.channel == Channel.CHAT,
            is_offline=by_case[case.pk].is_offline,
            last=last.get(case.pk),
            keep_for=keep_for[case.department_id],
            at=at,
        )
    ]
    events = []
    for case in back:
        data = {"agent": case.agent_id, "reason": by_case[case.pk].reason}
        events.append(Happening("case.handed_back", case, at, None, data))
        case.agent, case.queued_at, case.version = None, at, case.version + 1
        case.given_version = case.version
    bulk.update(Case, back, ["agent", "queued_at", "version", "given_version"])
    record_all(events)
    return back


def _last_touched(cases: Iterable[Case]) -> dict[int, datetime]:
    """When the agent of each case last did something in it, or was given it by a person. Two queries."""
    agents = {case.pk: case.agent_id for case in cases}
    users = dict(Agent.objects.filter(pk__in=set(agents.values())).values_list("pk", "user"))
    events = Event.objects.filter(subject_type="case", subject_id__in=agents, actor__startswith="user:")
    rows = events.order_by().values_list("subject_id", "actor", "data__agent").annotate(Max("at"))
    found: dict[int, datetime] = {}
    for case, actor, named, at in rows:
        agent = agents[case] or 0
        if named == agent or actor == reference(User(pk=users[agent])):
            found[case] = max(at, found.get(case, at))
    return found
