"""Setting goals: versions, what is refused, two at once."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from compensation.models import Segment
from config.common.errors import Invalid, MoveNotAllowed
from config.common.models import Event
from kpis.defaults.seed import EVER, GOALS, seed
from kpis.models import Dimension, Grain, MetricCode, Target
from kpis.targets.commands import set_goal, take_back
from kpis.targets.goals import WHOLE, Goals
from tests.factories.compensation import MemberFactory, ProductFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.figures import make_days, make_goal
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K2")]
TODAY = date(2026, 11, 18)


def put(**changed):
    asked = {
        "metric": MetricCode.CSAT,
        "dimension": Dimension.WHOLE,
        "key": "",
        "grain": Grain.QUARTER,
        "since": TODAY,
        "goal": Decimal("4.5"),
        "warning": Decimal("0.05"),
        "owner": None,
        "actor": None,
        "at": timezone.now(),
        "today": TODAY,
    }
    return set_goal(**{**asked, **changed})


def test_a_goal_holds_from_the_period_that_the_day_is_in():
    before, now, later = put(goal=Decimal(4)), None, put(since=date(2027, 2, 3), goal=Decimal("4.6"))
    assert (before.since, later.since) == (date(2026, 10, 1), date(2027, 1, 1))
    goals = Goals()
    for first, goal in ((date(2026, 7, 1), None), (date(2026, 10, 1), 4), (date(2027, 1, 1), Decimal("4.6"))):
        now = goals.target(MetricCode.CSAT, WHOLE, Grain.QUARTER, first)
        assert (now.goal if now else None) == goal
    assert [one.goal for one in goals.versions(MetricCode.CSAT, WHOLE, Grain.QUARTER)] == [later.goal, 4]


def test_a_department_has_its_own_until_it_has_none():
    ours = DepartmentFactory()
    own = {"dimension": Dimension.DEPARTMENT, "key": str(ours.pk)}
    put()
    put(**own, goal=Decimal("4.8"))
    put(**own, since=date(2027, 1, 1), goal=None)
    place, first = (Dimension.DEPARTMENT, str(ours.pk)), date(2026, 10, 1)
    found = [Goals().target(MetricCode.CSAT, place, Grain.QUARTER, day) for day in (first, date(2027, 1, 1))]
    assert [(one.goal, one.key) for one in found] == [(Decimal("4.8"), str(ours.pk)), (Decimal("4.5"), "")]


def test_one_goal_stands_for_all_lengths_that_of_a_month_first():
    put()
    assert Goals().of_day(MetricCode.CSAT, WHOLE, TODAY)[0] == Grain.QUARTER
    put(grain=Grain.WEEK)
    put(grain=Grain.MONTH)
    assert Goals().of_day(MetricCode.CSAT, WHOLE, TODAY)[0] == Grain.MONTH
    assert Goals().of_day(MetricCode.NPS, WHOLE, TODAY) is None


def test_what_was_and_what_is_stands_in_the_log_and_the_same_again_is_nothing():
    actor = StaffFactory()
    put(actor=actor)
    put(actor=actor)
    put(actor=actor, goal=Decimal("4.7"), owner=actor)
    first, second = Event.objects.filter(kind="target.set").order_by("id")
    assert first.data["before"] is None
    assert second.data["before"] == {"goal": "4.500", "warning": "0.050", "owner": None}
    assert second.data["after"] == {"goal": "4.700", "warning": "0.050", "owner": actor.pk}
    assert second.actor == f"user:{actor.pk}"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"since": date(2026, 9, 30)}, "since"),
        ({"goal": Decimal(6)}, "goal"),
        ({"goal": Decimal(0)}, "goal"),
        ({"warning": Decimal(-1)}, "warning"),
        ({"warning": Decimal(9)}, "warning"),
        ({"grain": Grain.DAY}, "grain"),
        ({"key": "1"}, "key"),
        ({"dimension": Dimension.AGENT}, "key"),
        ({"dimension": Dimension.DEPARTMENT, "key": "999999"}, "key"),
        ({"dimension": Dimension.DEPARTMENT, "key": "٣' --"}, "key"),
        ({"dimension": Dimension.DEPARTMENT, "key": "9" * 70}, "key"),
        ({"dimension": Dimension.AGENT, "key": "999999"}, "key"),
        ({"dimension": Dimension.CHANNEL, "key": "fax"}, "key"),
        ({"dimension": Dimension.TIER, "key": "diamond"}, "key"),
        ({"dimension": Dimension.SEGMENT, "key": "nobody"}, "key"),
        ({"dimension": Dimension.REGION, "key": "月球"}, "key"),
        ({"metric": MetricCode.GAP_PRODUCT, "dimension": Dimension.CATEGORY, "key": "月岩"}, "key"),
        ({"metric": MetricCode.COMPLAINT_RATE, "dimension": Dimension.DEPARTMENT, "key": "1"}, "dimension"),
        ({"metric": MetricCode.FIRST_REPLY_TIME, "goal": Decimal(0)}, "goal"),
    ],
)
def test_what_makes_no_sense_is_refused(changed, field):
    with pytest.raises(Invalid) as refusal:
        put(**changed)
    assert refusal.value.details["field"] == field
    assert not Target.objects.exists()
    assert not Event.objects.filter(kind="target.set").exists()


def test_a_key_is_written_as_figures_write_it():
    ours = DepartmentFactory()
    for odd in (f"00{ours.pk}", f" {ours.pk}", f"{ours.pk}.0", "٣"):
        with pytest.raises(Invalid):
            put(dimension=Dimension.DEPARTMENT, key=odd)
    assert put(dimension=Dimension.DEPARTMENT, key=str(ours.pk)).key == str(ours.pk)


def test_goals_are_set_for_all_that_figures_are_told_apart_by():
    make_days(TODAY, TODAY, 0.5, dimension=Dimension.REGION, key="沪")
    for dimension, key in (
        (Dimension.AGENT, str(AgentFactory().pk)),
        (Dimension.CHANNEL, "portal"),
        (Dimension.TIER, MemberFactory().tier.code),
        (Dimension.SEGMENT, Segment.objects.create(code="new", name="新客", filters={}).code),
        (Dimension.REGION, "沪"),
    ):
        assert put(dimension=dimension, key=key).key == key
    category = ProductFactory(category="童装").category
    product = {"metric": MetricCode.GAP_PRODUCT, "goal": Decimal(5)}
    assert put(**product, dimension=Dimension.CATEGORY, key=category).key == category


def test_a_goal_of_what_is_gone_can_still_be_ended():
    place = {"dimension": Dimension.TIER, "key": "gone"}
    make_goal("4", metric=MetricCode.CSAT, grain=Grain.QUARTER, **place)
    assert put(**place, goal=None).goal is None


def test_only_what_has_not_begun_is_taken_back():
    now, later = put(), put(since=date(2027, 1, 1))
    take_back(target_id=later.pk, actor=None, at=timezone.now(), today=TODAY)
    with pytest.raises(MoveNotAllowed):
        take_back(target_id=now.pk, actor=None, at=timezone.now(), today=TODAY)
    assert list(Target.objects.all()) == [now]
    assert Event.objects.filter(kind="target.taken_back", subject_id=later.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_set_one_goal_leave_one():
    found = at_once(*(lambda n=n: put(goal=Decimal(n)) for n in (3, 4, 5)))
    assert refused(found) == []
    assert Target.objects.count() == 1
    said = Event.objects.filter(kind="target.set").order_by("id")
    assert [one.data["before"] and one.data["before"]["goal"] for one in said] == [
        None,
        *(one.data["after"]["goal"] for one in said[:2]),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_back_one_goal_one_does():
    later = put(since=date(2027, 1, 1))
    given = {"target_id": later.pk, "actor": None, "at": timezone.now(), "today": TODAY}
    (late,) = refused(at_once(*[lambda: take_back(**given)] * 2))
    assert isinstance(late, Target.DoesNotExist)
    assert Event.objects.filter(kind="target.taken_back").count() == 1


@pytest.mark.parametrize(
    "wrong", [{"key": "1"}, {"dimension": "agent"}, {"grain": "day"}, {"warning": -1}, {"metric": "x"}]
)
def test_the_database_keeps_nonsense_out(wrong):
    fine = {"metric": "csat", "grain": "month", "since": TODAY, "goal": 4, "set_at": timezone.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Target.objects.create(**{**fine, **wrong})


def test_the_goals_that_ship_are_set_once_and_edits_stay():
    at = timezone.now()
    seed(at)
    assert Target.objects.count() == len(GOALS)
    found = Target.objects.get(metric=MetricCode.CSAT)
    assert (found.grain, found.since, found.goal) == (Grain.QUARTER, EVER, Decimal("4.5"))
    assert Target.objects.get(metric=MetricCode.REPURCHASE).grain == Grain.MONTH
    put(goal=Decimal("4.7"))
    Target.objects.filter(metric=MetricCode.NPS).delete()
    seed(at)
    assert Target.objects.filter(metric=MetricCode.CSAT).count() == 2
    assert Target.objects.filter(metric=MetricCode.NPS).count() == 1
