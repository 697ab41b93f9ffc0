"""The SOP that ships, against the table of the business."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from feedback.models import (
    Calendar,
    CalendarVersion,
    CaseKind,
    Channel,
    Ladder,
    LadderVersion,
    PauseReason,
    PauseRule,
    Policy,
    PolicyTarget,
    PolicyVersion,
    Priority,
)
from feedback.sops import queries, validation
from feedback.sops.rules import Facts

EVERYWHERE = ("first_reply", "next_reply", "resolution", "handoff", "courier_answer", "call_back")

pytestmark = [pytest.mark.usefixtures("shipped"), pytest.mark.django_db, pytest.mark.req("F2")]


def within(milestone, kind="complaint", channel="portal", priority=2, tier="ordinary", **more):
    return queries.explain(Facts(kind, channel, priority, tier, **more))[milestone].target.within


@pytest.mark.parametrize(
    ("milestone", "facts", "minutes"),
    [
        ("first_reply", {"channel": "chat"}, 0.5),
        ("pick_up", {"channel": "phone"}, 10 / 60),
        ("courier_answer", {}, 10),
        ("refund", {"kind": "refund", "order_status": "paid"}, 1),
        ("refund", {"kind": "refund", "order_status": "returned"}, 1440),
        ("review_reply", {"kind": "review"}, 120),
        ("call_back", {"kind": "review"}, 1440),
        ("call_back", {"channel": "phone"}, 30),
        ("periodic_update", {"priority": 4}, 120),
        ("first_reply", {}, 30),
        ("next_reply", {}, 120),
        ("resolution", {}, 1440),
        ("resolution", {"priority": 4}, 240),
        ("resolution", {"channel": "chat"}, 1440),
        ("first_reply", {"kind": "review"}, 120),
        ("resolution", {"kind": "review"}, 1440),
        ("handoff", {"kind": "enquiry"}, 240),
        ("handoff", {"priority": 4}, 240),
    ],
)
def test_targets_of_the_business(milestone, facts, minutes):
    assert within(milestone, **facts) == timedelta(minutes=minutes)


def test_gold_is_faster():
    for kind in ("complaint", "enquiry", "refund"):
        assert within("first_reply", kind=kind, tier="gold") < within("first_reply", kind=kind)


def test_every_case_has_every_clock():
    for kind in CaseKind.values:
        for channel in Channel.values:
            for priority in Priority.values:
                chosen = queries.explain(Facts(kind, channel, priority, "ordinary"))
                assert all(chosen[milestone].rule for milestone in EVERYWHERE)
                assert bool(chosen["pick_up"].rule) == (channel == "phone")


def test_goods_on_their_way_have_no_refund_yet():
    for status in ("", "shipped", "delivered"):
        facts = Facts("refund", "portal", 2, "ordinary", order_status=status)
        assert queries.explain(facts)["refund"].rule is None


def test_every_reason_to_pause_has_its_rule():
    rules = {rule.reason: rule for rule in PauseRule.objects.all()}
    assert set(rules) == set(PauseReason.values)
    assert all(rule.cap for rule in rules.values())
    assert not rules["waiting_member"].needs_review


def test_no_warnings_of_our_own_policies():
    assert validation.warnings(queries.book().rules, queries.names()) == []


def test_handoff_runs_on_the_hours_of_the_department():
    assert queries.explain(Facts("complaint", "portal", 2, "gold"))["handoff"].target.calendar is None


def test_chat_runs_around_the_clock():
    target = queries.explain(Facts("complaint", "chat", 2, "gold"))["first_reply"].target
    assert Calendar.objects.get(pk=target.calendar).code == "always"


def test_calendars_know_the_holidays():
    book = queries.book()
    office = queries.calendar(book.calendars[Calendar.objects.get(code="cn-office").pk])
    assert not office.is_open(datetime(2026, 10, 1, 2, tzinfo=UTC))
    assert office.is_open(datetime(2026, 10, 10, 2, tzinfo=UTC))  # a Saturday that makes up for it
    last_year = timezone.localdate().year - 1
    assert not office.is_open(datetime(last_year, 10, 1, 2, tzinfo=UTC))


def counts():
    return [
        model.objects.count() for model in (CalendarVersion, LadderVersion, PolicyVersion, Policy, Ladder)
    ]


def test_again_changes_nothing():
    before = counts()
    call_command("seed_defaults")
    assert counts() == before


def test_edits_stay_and_are_not_published():
    PolicyTarget.objects.filter(policy__code="complaint", milestone="first_reply").update(
        within=timedelta(minutes=5)
    )
    Policy.objects.filter(code="enquiry").update(is_active=False)
    Calendar.objects.filter(code="always").update(name="不打烊")
    Ladder.objects.get(code="handoff").rungs.all().delete()
    before = counts()
    call_command("seed_defaults")
    assert counts() == before
    assert PolicyTarget.objects.get(policy__code="complaint", milestone="first_reply").within == timedelta(
        minutes=5
    )
    assert within("first_reply") == timedelta(minutes=30)
    assert not Ladder.objects.get(code="handoff").rungs.exists()
