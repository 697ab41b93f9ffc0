from datetime import timedelta

import pytest
from django.utils import translation

from config.common.errors import Invalid
from config.common.models import Event
from feedback.clocks import commands
from feedback.models import Clock, Policy, PolicyTarget, Rung
from feedback.sops import queries, validation, words
from feedback.sops.commands import publish_calendar, publish_ladder, publish_policy
from feedback.sops.hours import CalendarError
from feedback.sops.rules import Facts, choose
from tests.factories.sop import (
    ALWAYS,
    OFFICE,
    START,
    SopCalendarFactory,
    SopCaseFactory,
    SopDepartmentFactory,
    make_ladder,
    make_policy,
)
from tests.plans import in_order

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]

COMPLAINT = Facts("complaint", "portal", 2, "ordinary")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def test_first_in_order_that_matches_and_has_a_target_decides():
    make_policy("last", position=9, targets={"resolution": 60})
    make_policy("reply-only", position=2, targets={"first_reply": 5})
    make_policy("refunds", position=1, kinds=["refund"], targets={"resolution": 1})
    choice = queries.explain(COMPLAINT)["resolution"]
    assert (choice.rule.code, choice.target.within) == ("last", timedelta(hours=1))
    assert [(verdict.rule.code, words.reason(verdict)) for verdict in choice.verdicts] == [
        ("refunds", "kind is complaint, not refund"),
        ("reply-only", "has no target for this"),
        ("last", "takes every case"),
    ]
    assert queries.explain(COMPLAINT)["handoff"].rule is None


def test_every_condition_must_hold():
    make_policy("vip", channels=["portal", "app"], priorities=[3, 4], tiers=["gold"])
    rules = queries.book().rules

    def reason(**facts):
        known = {"kind": "refund", "channel": "app", "priority": 4, "tier": "gold"} | facts
        return words.reason(choose(rules, Facts(**known), "resolution").verdicts[-1])

    assert reason() == "channel is app; priority is urgent; tier is gold"
    assert reason(tier="silver", priority=1) == "priority is low, not high, urgent; tier is silver, not gold"


def test_not_in_force_does_not_decide():
    policy = make_policy("off")
    Policy.objects.filter(pk=policy.pk).update(is_active=False)
    assert queries.explain(COMPLAINT)["resolution"].rule is not None  # not published yet
    publish_policy(policy=policy, actor=None, at=START)
    choice = queries.explain(COMPLAINT)["resolution"]
    assert choice.rule is None
    assert words.reason(choice.verdicts[0]) == "not in force"


def test_publishing_again_writes_nothing():
    policy = make_policy()
    before = Event.objects.count()
    assert publish_policy(policy=policy, actor=None, at=START).number == 1
    assert Event.objects.count() == before
    PolicyTarget.objects.filter(policy=policy, milestone="resolution").update(within=timedelta(hours=2))
    assert publish_policy(policy=policy, actor=None, at=START).number == 2


def test_a_clock_keeps_the_version_it_started_under():
    policy = make_policy(targets={"resolution": 60})
    case = SopCaseFactory()
    commands.start_for_case(case, actor=None, at=START)
    PolicyTarget.objects.update(within=timedelta(hours=9))
    publish_policy(policy=policy, actor=None, at=START)
    assert Clock.objects.get().policy_version.number == 1
    commands.retarget(case, actor=None, at=START)
    assert (Clock.objects.get().policy_version.number, Clock.objects.get().work) == (2, timedelta(hours=9))


def test_bad_content_is_not_published():
    calendar = SopCalendarFactory()
    calendar.content = {"zone": "Asia/Shanghai", "hours": {"mon": [["18:00", "09:70"]]}}
    calendar.save()
    with pytest.raises(CalendarError, match=r"hours\.mon"):
        publish_calendar(calendar=calendar, actor=None, at=START)
    ladder = make_ladder()
    Rung.objects.create(ladder=ladder, percent=80, action="notify_agent")
    with pytest.raises(Invalid, match="same time"):
        publish_ladder(ladder=ladder, actor=None, at=START)
    policy = make_policy()
    Policy.objects.filter(pk=policy.pk).update(kinds=["nonsense"])
    with pytest.raises(Invalid, match="nonsense"):
        publish_policy(policy=policy, actor=None, at=START)


def test_a_department_with_an_unpublished_calendar_still_works():
    make_policy(targets={"resolution": 60})
    department = SopDepartmentFactory()
    fresh = department.calendar.__class__.objects.create(code="fresh", name="新", content=ALWAYS)
    department.calendar = fresh
    department.save()
    commands.start_for_case(SopCaseFactory(department=department), actor=None, at=START)
    assert Clock.objects.get().calendar_version.calendar == fresh


def test_warns_of_what_can_never_decide():
    make_policy("any", position=1, targets={"resolution": 60})
    make_policy("refund", position=2, kinds=["refund"], targets={"resolution": 5, "handoff": 5})
    make_policy("gold", position=3, tiers=["platinum"], targets={"first_reply": 5})
    told = validation.warnings(queries.book().rules, {"tier": ["gold"], "department": []})
    assert "refund never decides resolution: any comes first and takes every such case." in told
    assert "gold asks for a tier that does not exist: platinum." in told
    assert any("first reply" in one for one in told)
    assert not any("refund never decides answer to a handoff" in one for one in told)


def test_preview_of_a_calendar():
    days = queries.preview_calendar(OFFICE | {"exceptions": {"2026-03-05": []}}, START.date(), 4)
    assert [day.worked for day in days] == [timedelta(hours=8), timedelta(), timedelta(hours=8), timedelta()]
    assert [day.is_exception for day in days] == [False, True, False, False]
    assert f"{days[0].shifts[0][0]:%H:%M}" == "09:00"
    with pytest.raises(CalendarError):
        queries.preview_calendar({"zone": "x"}, START.date(), 1)


def test_book_costs_one_query_once_read(django_assert_num_queries):
    make_policy()
    queries.book()
    with django_assert_num_queries(1):
        queries.book()


@pytest.mark.req("F3")
def test_the_sweep_picks_by_its_index():
    in_order()
    due = Clock.objects.filter(next_fire_at__lte=START).order_by("next_fire_at")
    plan = due.values_list("case_id", flat=True)[:1000].explain()
    assert "clock_fire" in plan
    assert "Sort" not in plan
