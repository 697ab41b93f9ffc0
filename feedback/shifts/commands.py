"""What happens to duty and presence: rostered, on leave, there or not."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound
from config.common.events import record
from config.common.models import User
from feedback.models import Agent, Leave, LeaveReason, Presence, PresenceState, Shift
from feedback.shifts import rules


class Overlaps(Invalid):
    """A time that overlaps another of the same agent."""

    code = "overlaps"


@transaction.atomic
def set_presence(*, agent: Agent, state: PresenceState, at: datetime) -> Presence:
    """Say whether one is there. The same again is a sign of life only; coming back from offline is a change.

    Raises:
        Invalid: there is no such state.
    """
    if state not in PresenceState.values:
        raise Invalid(_("There is no such presence."))
    Presence.objects.get_or_create(agent=agent, defaults={"state": state, "since": at, "seen_at": at})
    row = Presence.objects.select_for_update().get(agent=agent)
    before = rules.state_at(row.state, row.seen_at, at)
    if row.since == at or before != state:
        row.state, row.since = PresenceState(state), at
        record("agent.presence", agent, actor=agent.user, at=at, state=str(state))
    row.seen_at = max(row.seen_at, at)
    row.save(update_fields=["state", "since", "seen_at"])
    return row


@transaction.atomic
def seen(*, agent_id: int, at: datetime) -> None:
    """Note a sign of life of the agent's desk; who was offline is again what they last said.

    An agent who never said anything is not made online by this.
    """
    Presence.objects.filter(agent=agent_id, seen_at__lt=at).update(seen_at=at)


@transaction.atomic
def plan_shift(
    *, agent_id: int, starts_at: datetime, ends_at: datetime, actor: User | None, at: datetime
) -> Shift:
    """Roster an agent for duty.

    Raises:
        NotFound: there is no such agent.
        Invalid: it does not end after it starts, or lasts longer than a day.
        Overlaps: the agent is rostered then already.
    """
    agent = _agent(agent_id)
    _check(starts_at, ends_at, longest=rules.LONGEST_SHIFT)
    try:
        with transaction.atomic():
            shift = Shift.objects.create(agent=agent, starts_at=starts_at, ends_at=ends_at, planned_by=actor)
    except IntegrityError as error:
        raise Overlaps(_("%(agent)s is on the roster for that time already.") % {"agent": agent}) from error
    record("shift.planned", agent, actor=actor, at=at, **_span(starts_at, ends_at))
    return shift


@transaction.atomic
def remove_shift(*, shift_id: int, actor: User | None, at: datetime) -> Shift:
    """Take a duty off the roster.

    Raises:
        NotFound: there is no such shift.
    """
    shift = (
        Shift.objects.select_for_update(of=("self",))
        .select_related("agent__user")
        .filter(pk=shift_id)
        .first()
    )
    if shift is None:
        raise NotFound
    shift.delete()
    record("shift.removed", shift.agent, actor=actor, at=at, **_span(shift.starts_at, shift.ends_at))
    return shift


@transaction.atomic
def plan_leave(
    *,
    agent_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: LeaveReason = LeaveReason.VACATION,
    note: str = "",
    actor: User | None,
    at: datetime,
) -> Leave:
    """Put an agent's leave down.

    Raises:
        NotFound: there is no such agent.
        Invalid: it does not end after it starts, lasts longer than a year, or the reason is on no list.
        Overlaps: the agent has leave then already.
    """
    agent = _agent(agent_id)
    _check(starts_at, ends_at, longest=rules.LONGEST_LEAVE)
    if reason not in LeaveReason.values or len(note) > rules.NOTE_LENGTH:
        raise Invalid(_("There is no such reason, or the note is too long."))
    try:
        with transaction.atomic():
            leave = Leave.objects.create(
                agent=agent, starts_at=starts_at, ends_at=ends_at, reason=reason, note=note, planned_by=actor
            )
    except IntegrityError as error:
        raise Overlaps(_("%(agent)s has leave for that time already.") % {"agent": agent}) from error
    record("leave.planned", agent, actor=actor, at=at, reason=str(reason), **_span(starts_at, ends_at))
    return leave


@transaction.atomic
def remove_leave(*, leave_id: int, actor: User | None, at: datetime) -> Leave:
    """Take a leave back.

    Raises:
        NotFound: there is no such leave.
    """
    leave = (
        Leave.objects.select_for_update(of=("self",))
        .select_related("agent__user")
        .filter(pk=leave_id)
        .first()
    )
    if leave is None:
        raise NotFound
    leave.delete()
    record("leave.removed", leave.agent, actor=actor, at=at, **_span(leave.starts_at, leave.ends_at))
    return leave


def _agent(agent_id: int) -> Agent:
    """The agent, held: by an exclusion constraint alone two plans at once may wait for each other."""
    held = Agent.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    agent = held.filter(pk=agent_id).first()
    if agent is None:
        raise NotFound
    return agent


def _check(starts_at: datetime, ends_at: datetime, *, longest: timedelta) -> None:
    if not starts_at < ends_at <= starts_at + longest:
        raise Invalid(_("The end must come after the beginning, and not too long after it."))


def _span(starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    return {"from_at": starts_at.isoformat(), "to_at": ends_at.isoformat()}
