"""What giving cases to agents writes: a handful of statements, whatever the number of cases."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation

from compensation.models import Member
from compensation.notices.commands import Telling, notify_all
from config.common import bulk, live
from config.common.events import Happening, record_all
from feedback.cases import locking, outgoing
from feedback.cases.telling import WORKING, page
from feedback.cases.working import ASSIGNED
from feedback.models import Agent, Alert, Case, Channel, Skill
from feedback.routing.pool import Pool
from feedback.routing.rules import Choice


@dataclass(frozen=True, slots=True)
class Given:
    """A locked case, and the agent who was chosen for it."""

    case: Case
    choice: Choice


def write(given: Sequence[Given], pool: Pool, at: datetime) -> None:
    """Give cases to the agents chosen for them: cases, turns, events, alerts, and what the members are told.

    The caller holds the locks of the cases and the agents. No letter goes to the agents: they are at
    their desks, or nothing would be given to them.
    """
    skills = Skill.objects.in_bulk({one.case.skill_id for one in given} - {None})
    events = [_give(one, skills, at) for one in given]
    bulk.update(Case, [one.case for one in given], ["agent", "status", "version", "given_version"])
    turns = {one.choice.agent: pool.seats[one.choice.agent].turn for one in given}
    bulk.update(Agent, [Agent(pk=agent, turn=turn) for agent, turn in turns.items()], ["turn"])
    record_all(events)
    bulk.insert(Alert, [_alert(one, pool, at) for one in given], skip_known=True)
    _tell([one for one in given if not outgoing.is_watched(one.case)], pool, at)
    if any(one.case.channel == Channel.CHAT for one in given):
        live.publish("chats")


def _give(one: Given, skills: Mapping[int, Skill], at: datetime) -> Happening:
    case, choice = one.case, one.choice
    ends = locking.work_begins(case)
    case.agent_id = choice.agent
    case.version += 1
    case.given_version = case.version
    data: dict[str, Any] = {
        "agent": choice.agent,
        "department": case.department_id,
        "why": str(choice.why),
        "load": choice.load,
        "limit": choice.limit,
        "among": choice.among,
        **ends,
    }
    if skill := skills.get(case.skill_id or 0):
        data["skill"] = {"id": skill.pk, "name": skill.name, "name_en": skill.name_en}
    return Happening("case.routed", case, at, None, data)


def _alert(one: Given, pool: Pool, at: datetime) -> Alert:
    case = one.case
    with translation.override(None):
        title = str(ASSIGNED)
    return Alert(
        key=f"case:{case.pk}:{case.version}:routed:{pool.users[one.choice.agent]}",
        user_id=pool.users[one.choice.agent],
        case=case,
        kind="case.assigned",
        data={"number": case.number, "title": title},
        at=at,
    )


def _tell(given: Sequence[Given], pool: Pool, at: datetime) -> None:
    """Tell the members who is working on it, each in their language."""
    members = Member.objects.only("language", "erased_at").in_bulk({one.case.member_id for one in given})
    by_language: dict[str, list[Given]] = {}
    for one in given:
        by_language.setdefault(members[one.case.member_id].language, []).append(one)
    notify_all(
        (
            telling
            for language, some in by_language.items()
            for telling in _render(language, some, members, pool)
        ),
        at=at,
    )


def _render(
    language: str, given: Iterable[Given], members: dict[int, Member], pool: Pool
) -> Iterator[Telling]:
    with translation.override(language):
        title = str(WORKING)
    for one in given:
        case = one.case
        yield Telling(
            member=members[case.member_id],
            kind="case.working",
            key=f"case:{case.pk}:{case.version}:working",
            title=title % {"number": case.number, "agent": pool.names[one.choice.agent]},
            path=page(case.pk),
        )
