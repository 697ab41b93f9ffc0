"""Running clocks are moved over to other policies by choice: start and pauses stay, late stays late."""

from datetime import timedelta

import pytest
from django.db import transaction

from config.common.errors import NotFound
from config.common.models import Event
from feedback.clocks import commands, moving
from feedback.ladders.sweep import sweep
from feedback.models import Clock, ClockMove, PolicyTarget, PolicyVersion
from feedback.sops import drafts
from tests.factories.common import UserFactory
from tests.factories.sop import START, SopCaseFactory, SopDepartmentFactory, make_policy
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def department():
    make_policy(targets={"first_reply": 30, "resolution": 600})
    return SopDepartmentFactory()


@transaction.atomic
def opened(department, number=1):
    cases = [SopCaseFactory(department=department) for _ in range(number)]
    for case in cases:
        commands.start_for_case(case, actor=None, at=START)
    return cases


def publish(**minutes):
    for milestone, within in minutes.items():
        PolicyTarget.objects.filter(milestone=milestone).update(within=within * MINUTE)
    return drafts.publish_changed(actor=None, at=START)


def finish(at, **options):
    move = moving.begin(actor=None, at=at)
    while move.finished_at is None:
        move = moving.go_on(move_id=move.pk, at=at, **options)
    return move


def test_publishing_leaves_running_clocks_alone(department):
    opened(department)
    publish(resolution=60)
    assert {clock.work for clock in Clock.objects.all()} == {30 * MINUTE, 600 * MINUTE}


def test_moved_clocks_keep_start_and_pauses(department):
    (case,) = opened(department)
    commands.wait_for_member(case, actor=None, at=START + 10 * MINUTE)
    commands.resume(case, actor=None, at=START + 70 * MINUTE)
    publish(resolution=120)
    assert moving.affected()[0] == 2  # the reply's clock is under the older version too
    user = UserFactory()
    move = moving.begin(actor=user, at=START + 80 * MINUTE)
    move = moving.go_on(move_id=move.pk, at=START + 80 * MINUTE)
    clock = Clock.objects.get(milestone="resolution")
    assert (clock.started_at, clock.due_at) == (START, START + 3 * HOUR)
    assert clock.policy_version == PolicyVersion.objects.latest("pk")
    assert clock.pauses.count() == 1
    case.refresh_from_db()
    assert case.next_due_at == START + 30 * MINUTE
    # the first reply was late when somebody got to it, and stays under its old terms
    assert Clock.objects.get(milestone="first_reply").policy_version.number == 1
    assert (move.moved, move.percent, move.finished_at) == (1, 100, START + 80 * MINUTE)
    told = Event.objects.get(kind="clock.retargeted")
    assert (told.data["why"], told.actor) == ("policy", f"user:{user.pk}")
    assert Event.objects.get(kind="clockmove.finished").data == {"moved": 1}
    assert moving.affected() == (0, [])


def test_what_is_late_stays_late_and_what_becomes_late_is_told(department):
    late, fresh = opened(department)[0], None
    sweep(START + 31 * MINUTE)
    fresh = SopCaseFactory(department=department)
    commands.start_for_case(fresh, actor=None, at=START + 31 * MINUTE)
    publish(first_reply=5, resolution=600)
    finish(START + 40 * MINUTE)
    kept = Clock.objects.get(case=late, milestone="first_reply")
    assert (kept.work, kept.breached_at) == (30 * MINUTE, START + 30 * MINUTE)
    moved = Clock.objects.get(case=fresh, milestone="first_reply")
    assert (moved.due_at, moved.breached_at) == (START + 36 * MINUTE, None)
    sweep(START + 41 * MINUTE)
    moved.refresh_from_db()
    assert moved.breached_at == START + 36 * MINUTE


def test_the_number_beforehand_is_the_number_afterwards(department):
    opened(department, 3)
    PolicyTarget.objects.filter(milestone="first_reply").update(within=10 * MINUTE)
    foreseen, cases = moving.affected(drafts.as_if_published(drafts.drafts()))
    drafts.publish_changed(actor=None, at=START)
    assert finish(START + MINUTE, batch=2).moved == foreseen == 6
    assert len(cases) == 3


def test_in_batches_and_resumed_where_it_stopped(department):
    opened(department, 5)
    publish(resolution=60)
    move = moving.begin(actor=None, at=START)
    move = moving.go_on(move_id=move.pk, at=START, batch=2)
    assert (move.cases_done, move.percent, move.finished_at) == (2, 40, None)
    assert moving.going() == [move.pk]
    while move.finished_at is None:
        move = moving.go_on(move_id=move.pk, at=START, batch=2)
    assert (move.moved, moving.going()) == (10, [])
    assert moving.go_on(move_id=move.pk, at=START + HOUR).finished_at == START


def test_a_clock_without_a_policy_any_more_stays(department):
    (case,) = opened(department)
    PolicyTarget.objects.filter(milestone="resolution").delete()
    drafts.publish_changed(actor=None, at=START)
    finish(START)
    assert Clock.objects.get(case=case, milestone="resolution").policy_version.number == 1


def test_nothing_to_move_and_no_such_move(department):
    move = finish(START)
    assert (move.moved, move.percent) == (0, 100)
    with pytest.raises(NotFound):
        moving.go_on(move_id=0, at=START)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_move_each_clock_once():
    make_policy(targets={"resolution": 600})
    opened(SopDepartmentFactory(), 4)
    publish(resolution=60)
    move = moving.begin(actor=None, at=START)

    def work():
        while moving.go_on(move_id=move.pk, at=START, batch=1).finished_at is None:
            pass

    assert at_once(work, work) == [None, None]
    assert Event.objects.filter(kind="clock.retargeted").count() == 4
    assert ClockMove.objects.get().moved == 4
