"""What is planned by is what is measured: of the same members the same, by the same statements."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import Playbook, PlaybookUse
from kpis.experiments import judging, outcomes, planning
from kpis.experiments.kinds import KINDS
from kpis.experiments.planning import Judging
from kpis.models import Exposure
from tests.factories.compensation import T0, OrderFactory
from tests.factories.experiments import DAY, ENDED, KEY, complain, expose, planned, running
from tests.factories.feedback import CaseFactory, DepartmentFactory, ReviewFactory
from tests.factories.kpis import make_answer, make_clock

pytestmark = [pytest.mark.django_db, pytest.mark.req("K7")]
WINDOW = timedelta(days=7)
HOUR = timedelta(hours=1)


def answer(department, member, score, at):
    given = make_answer(department, score, at=at)
    invitation = given.response.invitation
    invitation.member = member
    invitation.save()


def clock(department, member, met_at):
    made = make_clock(department, due_at=met_at - HOUR if member.pk % 2 else met_at, met_at=met_at)
    made.case.member = member
    made.case.save()


def lived(department, number=45):
    """Members who met the playbook, once or twice, and what they did before, soon after and late after it."""
    playbook = Playbook.objects.get(code="damaged")
    use = {"playbook": playbook, "version": playbook.versions.get()}
    since = {}
    for one in range(number):
        at = T0 - one * DAY - HOUR
        case = CaseFactory(department=department, kind="enquiry", opened_at=at)
        member = case.member
        since[member.pk] = at
        PlaybookUse.objects.create(**use, case=case, applied_at=at)
        if one % 6 == 0:
            again = CaseFactory(department=department, kind="enquiry", member=member, opened_at=at)
            PlaybookUse.objects.create(**use, case=again, applied_at=at + 2 * DAY)
        complain([member.pk] * (one % 3), at=at + 2 * DAY)
        complain([member.pk], at=at + (-HOUR if one % 4 else 8 * DAY))
        for score in range(1, 1 + one % 4):
            answer(department, member, score + 1, at + score * DAY)
        answer(department, member, 1, at + 9 * DAY)
        OrderFactory(member=member, placed_at=at - DAY, returned_at=at + (one % 9) * DAY)
        ReviewFactory(order_line__order__member=member, stars=1 + one % 5, written_at=at + (one % 8) * DAY)
        clock(department, member, at + (one % 3) * DAY + HOUR)
    return since


def test_the_baseline_is_what_an_experiment_measures_of_the_same_members():
    found = planned(department := DepartmentFactory())
    arms = list(found.arms.all())
    Exposure.objects.bulk_create(
        Exposure(experiment=found, arm=arms[member % 2], member_id=member, at=at)
        for member, at in lived(department).items()
    )
    trace, told = KINDS["compensation"].trace(KEY), []
    for one in outcomes.planning():
        measured = outcomes.measured(one, found, at=T0).values()
        was = outcomes.before(one, trace, WINDOW, at=T0)
        if sum(arm.n for arm in measured) < 30:
            continue
        told.append(one.code)
        for name in ("n", "total", "squares"):
            assert getattr(was, name) == sum(getattr(arm, name) for arm in measured), one.code
        assert 0 < was.total < was.squares * was.n
    assert {"complaint_rate", "return_rate", "answered", "first_reply_attainment"} <= set(told)


def test_who_complains_often_counts_once_and_who_never_met_the_setting_not_at_all():
    planned(department := DepartmentFactory())
    since = lived(department)
    judged = Judging(outcome="complaint_rate", effect=Decimal(5), window=7)
    sized = planning.sized(judged, kind="compensation", key=KEY, at=T0)
    over = [number for number, at in enumerate(since.values()) if at < T0 - WINDOW]
    assert sized.baseline_n == len(over)
    assert sized.baseline == pytest.approx(100 * sum(number % 3 > 0 for number in over) / len(over))


@pytest.mark.parametrize("step", [judging.progress, judging.harms])
def test_how_it_stands_is_asked_in_as_many_words_however_many_are_exposed(step):
    found = running()
    spent = []
    for number in (30, 150):
        complain(expose(found, number)["a"][:5])
        with CaptureQueriesContext(connection) as queries:
            step(found, at=ENDED)
        spent.append([len(one["sql"]) for one in queries.captured_queries])
    assert spent[0] == spent[1]
