"""Meetings: called, moved, called off, begun with their agenda, minuted, ended; then nothing changes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound
from config.common.events import record
from config.common.models import User
from kpis.deadlines.given import coming_day, day_of, text_of
from kpis.models import Attendance, Meeting, MeetingState, Presence, TaskForce, Topic
from kpis.models.task_force import SAID, WORDS
from kpis.task_force import agenda
from kpis.task_force.deadline import tell_members
from kpis.task_force.held import force_held, meeting_held
from kpis.task_force.rules import CALLED_DAYS, WEEK, next_on, week_of
from kpis.task_force.rules import agenda as chosen

S = MeetingState


@transaction.atomic
def call(*, task_force_id: int, on: date, actor: User | None, at: datetime) -> Meeting:
    """Call a meeting and tell the members.

    Raises:
        NotFound, NotPermitted: see `force_held`.
        Invalid: the day is past, or there is a meeting on it.
        MoveNotAllowed: the task force does not meet any more.
    """
    force = force_held(task_force_id, actor)
    if not force.is_active:
        raise MoveNotAllowed(_("This task force does not meet any more."))
    return _call(force, _free_day(force, on, at), actor, at)


def _call(force: TaskForce, on: date, actor: User | None, at: datetime) -> Meeting:
    made = Meeting.objects.create(task_force=force, on=on, planned_on=on, called_at=at)
    record("meeting.called", made, actor=actor, at=at, on=f"{on}")
    tell_members(made, at=at)
    return made


def _free_day(force: TaskForce, on: date, at: datetime) -> date:
    coming_day(on, at, "on")
    if _on(force, on).exists():
        raise Invalid(_("There is a meeting on this day."), field="on")
    return on


def _on(force: TaskForce, on: date) -> QuerySet[Meeting]:
    """What takes up a day: not what was called off."""
    return force.meetings.filter(on=on).exclude(state=S.OFF)


def call_weekly(*, at: datetime) -> int:
    """Call the meetings of the task forces that meet within the next days; gives how many.

    A task force for which one was called in that week already gets no other, wherever that was moved, and
    also where it was called off.
    """
    called = 0
    for pk in TaskForce.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            force = TaskForce.objects.select_for_update(no_key=True).get(pk=pk)
            on = next_on(force.weekday, day_of(at))
            is_near = (on - day_of(at)).days <= CALLED_DAYS
            if not force.is_active or not is_near:
                continue
            if force.meetings.filter(planned_on__range=week_of(on)).exists() or _on(force, on).exists():
                continue
            _call(force, on, None, at)
            called += 1
    return called


def lapse(*, at: datetime) -> int:
    """Call off the meetings that nobody began in the week after their day, untold; gives how many."""
    over = Meeting.objects.filter(state=S.CALLED, on__lt=day_of(at) - timedelta(WEEK))
    lapsed = 0
    for pk in over.order_by("pk").values_list("pk", flat=True):
        with suppress(MoveNotAllowed), transaction.atomic():  # begun or moved just now
            found = meeting_held(pk, None, S.CALLED)
            if found.on < day_of(at) - timedelta(WEEK):
                _off(found, None, at)
                lapsed += 1
    return lapsed


def _off(found: Meeting, actor: User | None, at: datetime) -> None:
    found.state, found.ended_at = S.OFF, at
    found.save(update_fields=["state", "ended_at"])
    record("meeting.off", found, actor=actor, at=at)


@transaction.atomic
def move(*, meeting_id: int, on: date, actor: User | None, at: datetime) -> Meeting:
    """Put a meeting that was called on another day, and tell the members.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `meeting_held`.
        Invalid: the day is past, or there is a meeting on it.
    """
    found = meeting_held(meeting_id, actor, S.CALLED)
    found.on = _free_day(found.task_force, on, at)
    found.save(update_fields=["on"])
    record("meeting.moved", found, actor=actor, at=at, on=f"{on}")
    tell_members(found, at=at)
    return found


@transaction.atomic
def call_off(*, meeting_id: int, actor: User | None, at: datetime) -> Meeting:
    """Call off a meeting, and tell the members.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `meeting_held`.
    """
    found = meeting_held(meeting_id, actor, S.CALLED)
    _off(found, actor, at)
    tell_members(found, at=at)
    return found


@transaction.atomic
def begin(*, meeting_id: int, actor: User | None, at: datetime) -> Meeting:
    """Begin a meeting on its day or later: the agenda is made from the numbers as they stand now.

    Raises:
        NotFound, NotPermitted: see `force_held`.
        MoveNotAllowed: it is not one that was called, its day is to come, or another one is under way.
    """
    found = meeting_held(meeting_id, actor, S.CALLED)
    if found.on > day_of(at):
        raise MoveNotAllowed(_("Its day is still to come. Move it to today to begin it now."))
    if found.task_force.meetings.filter(state=S.BEGUN).exists():
        raise MoveNotAllowed(_("Another meeting of this task force is under way. End it first."))
    topics, left_out = chosen(agenda.gather(found, today=day_of(at)))
    found.state, found.begun_at, found.left_out = S.BEGUN, at, left_out
    found.save(update_fields=["state", "begun_at", "left_out"])
    Topic.objects.bulk_create(
        Topic(meeting=found, position=number, kind=one.kind, numbers=one.numbers)
        for number, one in enumerate(topics, 1)
    )
    people = found.task_force.members.filter(user__is_active=True).values_list("user", flat=True)
    Attendance.objects.bulk_create(Attendance(meeting=found, user_id=pk) for pk in people)
    record("meeting.begun", found, actor=actor, at=at, topics=len(topics), left_out=left_out)
    return found


@transaction.atomic
def note_presence(
    *, meeting_id: int, presence: Mapping[int, str], actor: User | None, at: datetime
) -> Meeting:
    """Note who is there, by the numbers of users.

    Raises:
        NotFound: see `force_held`; or somebody is not expected at it.
        NotPermitted, MoveNotAllowed: see `meeting_held`.
        Invalid: there is no such presence.
    """
    found = meeting_held(meeting_id, actor, S.BEGUN)
    if not set(presence.values()) <= set(Presence.values):
        raise Invalid(_("Choose who is there."))
    rows = {one.user_id: one for one in found.attendance.all()}
    if not presence.keys() <= rows.keys():
        raise NotFound
    changed = []
    for pk, given in presence.items():
        if rows[pk].presence != given:
            rows[pk].presence = given
            changed.append(rows[pk])
    Attendance.objects.bulk_update(changed, ["presence"])
    if changed:
        noted = {f"{one.user_id}": f"{one.presence}" for one in changed}
        record("meeting.presence", found, actor=actor, at=at, noted=noted)
    return found


@dataclass(frozen=True, slots=True)
class Written:
    """A text, and what the writer saw there before, so that nobody's words are lost."""

    text: str
    was: str = ""


@transaction.atomic
def write(
    *,
    meeting_id: int,
    minutes: Written | None = None,
    said: Mapping[int, Written] = MappingProxyType({}),
    actor: User | None,
    at: datetime,
) -> Meeting:
    """Write the minutes, and what was said on topics by their numbers. What its writer left alone stays.

    Raises:
        NotFound: see `force_held`; or something is no topic of this meeting.
        NotPermitted: see `force_held`.
        MoveNotAllowed: see `meeting_held`; or somebody else has written there meanwhile.
        Invalid: a text is too long, or none that can be kept.
    """
    found = meeting_held(meeting_id, actor, S.BEGUN)
    topics = {one.pk: one for one in found.topics.all()}
    if not said.keys() <= topics.keys():
        raise NotFound
    changed = []
    for pk, given in said.items():
        text = _next(topics[pk].said, given, SAID, "said")
        if text != topics[pk].said:
            topics[pk].said = text
            changed.append(topics[pk])
    Topic.objects.bulk_update(changed, ["said"])
    text = _next(found.minutes, minutes, WORDS, "minutes") if minutes else found.minutes
    if changed or text != found.minutes:
        found.minutes = text
        found.save(update_fields=["minutes"])
        record("meeting.written", found, actor=actor, at=at, topics=[one.position for one in changed])
    return found


def _next(kept: str, given: Written, limit: int, field: str) -> str:
    """What is kept from now on."""
    text, was = (one.replace("\r\n", "\n").strip() for one in (given.text, given.was))
    text = text_of(text, limit, field, is_needed=False)
    if text in {was, kept}:
        return kept
    if was != kept:
        raise MoveNotAllowed(_("Somebody else has written there meanwhile: see what is kept now."))
    return text


@transaction.atomic
def end(*, meeting_id: int, actor: User | None, at: datetime) -> Meeting:
    """End a meeting. Nothing of it changes any more; its decisions go on.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `meeting_held`.
        Invalid: nobody was there, as far as was noted.
    """
    found = meeting_held(meeting_id, actor, S.BEGUN)
    there = found.attendance.filter(presence=Presence.PRESENT).count()
    if not there:
        raise Invalid(_("Note who is there before the meeting ends."))
    found.state, found.ended_at = S.ENDED, at
    found.save(update_fields=["state", "ended_at"])
    record("meeting.ended", found, actor=actor, at=at, present=there, decisions=found.resolves.count())
    return found
