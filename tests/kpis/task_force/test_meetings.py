"""Meetings: called once a week, begun once, minuted without losing a word, ended; then nothing changes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import timeline
from config.common.models import OutboxMessage
from kpis import tasks
from kpis.models import Meeting, MeetingState, Topic
from kpis.task_force import meetings, seats
from kpis.task_force.meetings import Written
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.improvements import staff
from tests.factories.task_forces import begun, called, decided, ended, force, leader_of, member_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K10")]
FRIDAY = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def told():
    return list(OutboxMessage.objects.filter(key__startswith="meeting:").values_list("payload", flat=True))


def test_the_meeting_of_the_week_is_called_three_days_before_once_and_the_members_are_told():
    found = force(weekday=0)
    assert meetings.call_weekly(at=FRIDAY - DAY) == 0
    assert [meetings.call_weekly(at=FRIDAY + DAY * days) for days in (0, 0, 1, 3)] == [1, 0, 0, 0]
    meeting = Meeting.objects.get()
    assert f"{meeting.on}" == "2026-11-23"
    assert {one["user"] for one in told()} == {one.user_id for one in found.members.all()}
    assert all(found.name not in one["subject"] + one["body"] for one in told())
    assert [event.kind for event in timeline([meeting])] == ["meeting.called"]


def test_a_week_whose_meeting_was_moved_or_called_off_gets_no_other():
    moved, off = (called(force(), at=FRIDAY, on=(FRIDAY + 3 * DAY).date()) for _ in range(2))
    meetings.move(meeting_id=moved.pk, on=(FRIDAY + 5 * DAY).date(), actor=None, at=FRIDAY)
    meetings.call_off(meeting_id=off.pk, actor=None, at=FRIDAY)
    assert meetings.call_weekly(at=FRIDAY) == 0
    assert meetings.call_weekly(at=FRIDAY + 7 * DAY) == 2


def test_a_meeting_moved_into_the_next_week_leaves_each_week_its_own():
    found = force(weekday=0)
    meetings.call_weekly(at=FRIDAY)
    moved = Meeting.objects.get()
    meetings.move(meeting_id=moved.pk, on=(FRIDAY + 12 * DAY).date(), actor=None, at=FRIDAY)
    letters = len(told())
    assert [meetings.call_weekly(at=FRIDAY + DAY * days) for days in (1, 3)] == [0, 0]
    assert len(told()) == letters
    assert meetings.call_weekly(at=FRIDAY + 7 * DAY) == 1
    assert found.meetings.filter(on=(FRIDAY + 10 * DAY).date()).exists()


def test_a_day_that_a_meeting_was_moved_to_is_not_called_again():
    found = called(force(weekday=0), at=FRIDAY, on=(FRIDAY + 3 * DAY).date())
    meetings.move(meeting_id=found.pk, on=(FRIDAY + 10 * DAY).date(), actor=None, at=FRIDAY)
    assert meetings.call_weekly(at=FRIDAY + 7 * DAY) == 0


def test_a_day_whose_meeting_was_called_off_by_mistake_is_free_again():
    off = called(force(), at=FRIDAY)
    meetings.call_off(meeting_id=off.pk, actor=None, at=FRIDAY)
    again = called(off.task_force, at=FRIDAY, on=off.on)
    moved = called(off.task_force, at=FRIDAY, on=off.on + DAY)
    meetings.call_off(meeting_id=again.pk, actor=None, at=FRIDAY)
    meetings.move(meeting_id=moved.pk, on=off.on, actor=None, at=FRIDAY)
    assert sorted(off.task_force.meetings.values_list("state", flat=True)) == ["called", "off", "off"]


def test_what_nobody_has_begun_in_a_week_is_called_off_without_a_letter():
    meeting = called(force(), at=FRIDAY, on=(FRIDAY + 3 * DAY).date())
    letters = len(told())
    assert meetings.lapse(at=FRIDAY + 10 * DAY) == 0
    assert [meetings.lapse(at=FRIDAY + 11 * DAY) for _again in range(2)] == [1, 0]
    meeting.refresh_from_db()
    assert (meeting.state, len(told())) == (MeetingState.OFF, letters)


def test_a_meeting_that_is_begun_or_was_held_does_not_lapse():
    under_way, over = begun(), ended()
    assert meetings.lapse(at=timezone.now() + 60 * DAY) == 0
    for one, state in ((under_way, MeetingState.BEGUN), (over, MeetingState.ENDED)):
        one.refresh_from_db()
        assert one.state == state


def test_who_joins_while_a_meeting_is_under_way_is_expected_at_it():
    meeting = begun()
    found = meeting.task_force
    rows = [seats.Seat(one.user, one.department, one.part) for one in found.members.select_related("user")]
    joins = staff(rows[0].department, "agent")
    seats.change(
        task_force_id=found.pk, name="x", weekday=0, is_active=True, actor=None, at=timezone.now(),
        seats=[*rows, seats.Seat(joins, rows[0].department)],
    )  # fmt: skip
    assert meeting.attendance.filter(user=joins).count() == 1
    assert meeting.attendance.count() == len(rows) + 1


def test_who_does_not_meet_any_more_is_not_called():
    found = force(weekday=0)
    rows = [seats.Seat(one.user, one.department, one.part) for one in found.members.select_related("user")]
    seats.change(
        task_force_id=found.pk, name="x", weekday=0, is_active=False, seats=rows, actor=None, at=FRIDAY
    )
    assert meetings.call_weekly(at=FRIDAY) == 0
    with pytest.raises(MoveNotAllowed):
        called(found, at=FRIDAY)


def test_the_worker_calls_it():
    force(weekday=timezone.localdate().weekday())
    tasks.call_meetings()
    tasks.call_meetings()
    assert Meeting.objects.get().on == timezone.localdate()


def test_somebody_who_has_left_is_not_told_and_not_expected():
    found = force()
    who = member_of(found)
    type(who).objects.filter(pk=who.pk).update(is_active=False)
    meeting = begun(found)
    assert [one["user"] for one in told()] == [leader_of(found).pk]
    assert [one.user for one in meeting.attendance.all()] == [leader_of(found)]


def test_there_is_one_meeting_a_day():
    meeting = called()
    for do in (
        lambda: called(meeting.task_force),
        lambda: meetings.move(meeting_id=meeting.pk, on=meeting.on, actor=None, at=timezone.now()),
        lambda: called(meeting.task_force, on=timezone.localdate() - DAY),
    ):
        with pytest.raises(Invalid):
            do()
    with pytest.raises(IntegrityError), transaction.atomic():
        Meeting.objects.create(
            task_force=meeting.task_force,
            on=meeting.on,
            planned_on=meeting.on,
            called_at=timezone.now(),
        )


def test_it_begins_on_its_day_and_not_beside_another():
    found = force()
    later = called(found, on=timezone.localdate() + DAY)
    with pytest.raises(MoveNotAllowed):
        meetings.begin(meeting_id=later.pk, actor=None, at=timezone.now())
    begun(found)
    with pytest.raises(MoveNotAllowed):
        meetings.begin(meeting_id=later.pk, actor=None, at=timezone.now() + DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Meeting.objects.filter(pk=later.pk).update(state="begun", begun_at=timezone.now())


def test_what_is_written_is_kept_with_what_others_wrote_meanwhile():
    meeting, now = begun(), timezone.now()
    one, two = (
        Topic.objects.create(meeting=meeting, position=90 + n, kind="spot", numbers={}) for n in (1, 2)
    )

    def write(**given):
        meetings.write(meeting_id=meeting.pk, actor=None, at=now, **given)

    write(said={one.pk: Written("先看数")}, minutes=Written("a\r\nb"))
    write(said={one.pk: Written(""), two.pk: Written("<b>再看原因")})
    for stale in ({"said": {one.pk: Written("x", was="y")}}, {"minutes": Written("c", was="a")}):
        with pytest.raises(MoveNotAllowed):
            write(**stale)
    write(minutes=Written("a\nb", was=""))
    write(minutes=Written("c", was="a\r\nb"))
    meeting.refresh_from_db()
    assert (meeting.minutes, [row.said for row in meeting.topics.filter(position__gt=90)]) == (
        "c",
        ["先看数", "<b>再看原因"],
    )


def test_a_conflict_keeps_nothing_of_what_was_sent_with_it():
    meeting = begun()
    one = Topic.objects.create(meeting=meeting, position=91, kind="spot", numbers={}, said="有人写的")
    with pytest.raises(MoveNotAllowed):
        meetings.write(
            meeting_id=meeting.pk,
            said={one.pk: Written("x")},
            minutes=Written("y"),
            actor=None,
            at=timezone.now(),
        )
    meeting.refresh_from_db()
    assert meeting.minutes == ""


@pytest.mark.parametrize("text", ["a\x00", "x" * 501])
def test_what_can_not_be_kept_is_refused(text):
    meeting = begun()
    one = Topic.objects.create(meeting=meeting, position=91, kind="spot", numbers={})
    with pytest.raises(Invalid):
        meetings.write(meeting_id=meeting.pk, said={one.pk: Written(text)}, actor=None, at=timezone.now())


def test_presence_is_noted_of_those_expected():
    meeting, now = begun(), timezone.now()
    leader = leader_of(meeting.task_force)
    meetings.note_presence(meeting_id=meeting.pk, presence={leader.pk: "present"}, actor=None, at=now)
    with pytest.raises(Invalid):
        meetings.note_presence(meeting_id=meeting.pk, presence={leader.pk: "x"}, actor=None, at=now)
    with pytest.raises(NotFound):
        meetings.note_presence(
            meeting_id=meeting.pk, presence={StaffFactory().pk: "present"}, actor=None, at=now
        )
    assert meeting.attendance.get(user=leader).presence == "present"


def test_it_does_not_end_before_somebody_was_there():
    meeting = begun()
    with pytest.raises(Invalid):
        meetings.end(meeting_id=meeting.pk, actor=None, at=timezone.now())


def test_when_it_has_ended_nothing_of_it_changes():
    meeting, now = ended(), timezone.now()
    given = {"meeting_id": meeting.pk, "actor": None, "at": now}
    who = meeting.attendance.first().user_id
    for do in (
        lambda: meetings.begin(**given),
        lambda: meetings.end(**given),
        lambda: meetings.call_off(**given),
        lambda: meetings.move(**given, on=timezone.localdate()),
        lambda: meetings.write(**given, minutes=Written("x")),
        lambda: meetings.note_presence(**given, presence={who: "absent"}),
        lambda: decided(meeting),
    ):
        with pytest.raises(MoveNotAllowed):
            do()
    assert Meeting.objects.get(pk=meeting.pk).minutes == ""


def test_before_it_has_begun_nothing_is_written():
    meeting = called()
    with pytest.raises(MoveNotAllowed):
        meetings.write(meeting_id=meeting.pk, minutes=Written("x"), actor=None, at=timezone.now())
    with pytest.raises(MoveNotAllowed):
        decided(meeting)


def test_who_may_hold_it():
    department = DepartmentFactory()
    keeper = staff(department, "agent")
    found = force(department, others=[seats.Seat(keeper, department, "minutes")])
    now = timezone.now()

    def fails(user, error):
        with pytest.raises(error):
            meetings.call(task_force_id=found.pk, on=timezone.localdate(), actor=user, at=now)

    fails(member_of(found), NotPermitted)
    fails(staff(department, "agent"), NotFound)
    fails(staff(department, "analyst"), NotPermitted)
    fails(StaffFactory(is_staff=True), NotFound)
    with pytest.raises(NotFound):
        meetings.call(task_force_id=found.pk + 1, on=timezone.localdate(), actor=keeper, at=now)
    for number, user in enumerate((leader_of(found), keeper, staff(DepartmentFactory()))):
        on = timezone.localdate() + number * DAY
        assert meetings.call(task_force_id=found.pk, on=on, actor=user, at=now).state == MeetingState.CALLED


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_call_it_once():
    force(weekday=0)
    assert sorted(at_once(*[lambda: meetings.call_weekly(at=FRIDAY)] * 3)) == [0, 0, 1]
    assert (Meeting.objects.count(), len(told())) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_begin_at_once_one_does():
    meeting = called()
    found = at_once(*[lambda: meetings.begin(meeting_id=meeting.pk, actor=None, at=timezone.now())] * 2)
    assert [type(one) for one in refused(found)] == [MoveNotAllowed]
    assert meeting.attendance.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_meetings_begun_at_once_one_is_under_way():
    found, now = force(), timezone.now()
    both = [called(found), called(found, on=timezone.localdate() + DAY)]
    calls = [lambda pk=one.pk: meetings.begin(meeting_id=pk, actor=None, at=now + DAY) for one in both]
    assert [type(one) for one in refused(at_once(*calls))] == [MoveNotAllowed]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_write_over_the_same_words_at_once_one_is_told():
    meeting = begun()
    calls = [
        lambda text=text: meetings.write(
            meeting_id=meeting.pk, minutes=Written(text), actor=None, at=timezone.now()
        )
        for text in "ab"
    ]
    assert [type(one) for one in refused(at_once(*calls))] == [MoveNotAllowed]
