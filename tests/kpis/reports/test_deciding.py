"""Comments and decisions on reports: somebody's until a day, with a ladder, for who may read the report."""

from datetime import date, timedelta

import pytest

from config.common.errors import Invalid, NotFound
from config.common.events import timeline
from config.common.models import OutboxMessage
from feedback.models import Membership
from kpis import tasks
from kpis.deadlines.rules import ends_at
from kpis.models import ReportNote, ReportNoteRung, Step
from kpis.reports import deciding
from kpis.reports.deadline import DEADLINE
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.improvements import staff
from tests.factories.reports import MONDAY, WEEK, monthly, weekly

pytestmark = [pytest.mark.django_db, pytest.mark.req("K3")]
DAY = timedelta(1)
TODAY = MONDAY.date()


@pytest.fixture
def department():
    return DepartmentFactory(parent=DepartmentFactory())


@pytest.fixture
def lead(department):
    return staff(department, "team_lead")


def decided(report, owner, actor, *, days=9):
    return deciding.note(
        report_id=report.pk, text="加一个夜班", owner=owner, due_on=TODAY + days * DAY, actor=actor, at=MONDAY
    )


def told(part):
    rows = OutboxMessage.objects.filter(key__startswith="reportnote:", key__contains=part).order_by("pk")
    return [int(one.key.rsplit(":", 1)[1]) for one in rows]


def test_a_decision_has_an_owner_and_a_day_and_is_ticked_once(department, lead):
    report = weekly(department)
    given = {"report_id": report.pk, "actor": lead, "at": MONDAY}
    deciding.note(**given, text="看起来不错")
    with pytest.raises(Invalid):
        deciding.note(**given, text="x", owner=lead)
    with pytest.raises(Invalid):
        deciding.note(**given, text="x", owner=lead, due_on=WEEK.first)
    with pytest.raises(Invalid):
        deciding.note(**given, text="  ")
    with pytest.raises(Invalid):
        deciding.note(**given, text="x", owner=StaffFactory(is_staff=False), due_on=date(2150, 1, 1))
    made = deciding.note(**given, text="加一个夜班", owner=lead, due_on=date(2150, 1, 1))
    for _again in range(2):
        deciding.done(report_id=report.pk, note_id=made.pk, actor=lead, at=MONDAY)
    assert timeline([report]).filter(kind="report.done").count() == 1
    assert ReportNote.objects.filter(done_at=None).count() == 1
    with pytest.raises(NotFound):
        deciding.done(report_id=report.pk, note_id=0, actor=lead, at=MONDAY)


def test_who_may_not_read_it_may_do_nothing_with_it(department):
    report = weekly(department)
    stranger, agent = staff(DepartmentFactory(), "team_lead"), staff(department, "agent")
    for user in (stranger, agent):
        with pytest.raises(NotFound):
            deciding.note(report_id=report.pk, text="x", actor=user, at=MONDAY)


def test_its_owner_is_told_that_it_is_theirs_but_not_of_what_one_takes_on_oneself(department, lead):
    boss, report = staff(department), weekly(department)
    decided(report, lead, boss)
    decided(report, boss, boss)
    assert told(":owner:") == [lead.pk]
    assert (
        f"/admin/reports/{report.pk}/" in OutboxMessage.objects.get(key__contains=":owner:").payload["body"]
    )


def test_nobody_owns_a_decision_on_a_report_that_they_may_not_read(department, lead):
    report = weekly(department)
    for owner in (
        staff(department, "agent"),
        staff(DepartmentFactory(), "team_lead"),
        staff(None, "analyst"),
    ):
        with pytest.raises(Invalid) as refusal:
            decided(report, owner, lead)
        assert refusal.value.details["field"] == "owner"
    assert not ReportNote.objects.exists()
    assert told("") == []


def test_its_ladder_tells_owner_lead_and_those_above_each_once(department, lead):
    boss, owner = staff(department.parent), staff(department)
    Membership.objects.filter(agent__user__in=[lead, boss]).update(is_lead=True)
    found = decided(weekly(department), owner, lead)
    over = ends_at(found.due_on)
    moments = (MONDAY, over - DAY / 2, over, over, over + DAY, over + 3 * DAY, over + 30 * DAY)
    assert [DEADLINE.sweep(at=at) for at in moments] == [0, 1, 1, 0, 1, 1, 0]
    assert told(f":{found.due_on}:") == [owner.pk, owner.pk, lead.pk, owner.pk, boss.pk]
    assert [one.step for one in ReportNoteRung.objects.order_by("pk")] == list(Step)


def test_of_the_companys_report_who_decided_is_told_and_who_may_decide(department):
    boss, owner, other = staff(None), staff(None, "analyst"), staff(None)
    staff(department, "team_lead")
    found = decided(monthly(), owner, boss)
    assert DEADLINE.sweep(at=ends_at(found.due_on) + 3 * DAY) == 4
    assert told(f":{Step.LEAD}:") == [boss.pk]
    assert told(f":{Step.SUPERVISORS}:") == [owner.pk, other.pk]


def test_who_may_no_longer_read_the_report_is_told_nothing(department, lead):
    found = decided(weekly(department), lead, staff(department))
    Membership.objects.filter(agent__user=lead).delete()
    DEADLINE.sweep(at=ends_at(found.due_on))
    assert lead.pk not in told(f":{found.due_on}:")
    assert [one.told for one in found.rungs.all()] == [0, 0]


def test_the_worker_looks_at_the_ladders_and_what_is_done_tells_nobody(department, lead):
    report = weekly(department)
    late, done = (decided(report, lead, lead) for _each in range(2))
    ReportNote.objects.update(at=MONDAY - 30 * DAY, due_on=WEEK.first - 9 * DAY, warn_at=MONDAY - 9 * DAY)
    deciding.done(report_id=report.pk, note_id=done.pk, actor=lead, at=MONDAY)
    tasks.report_deadlines()
    assert [one.rungs.count() for one in (late, done)] == [4, 0]
    done.refresh_from_db()
    assert done.warn_at is None
