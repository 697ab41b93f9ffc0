from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from feedback.clocks.chips import all_of, chip, next_of
from feedback.models import Clock
from feedback.sops.commands import publish_calendar
from feedback.templatetags.cases import clock as drawn
from feedback.templatetags.cases import masked
from tests.factories.sop import START, SopCaseFactory, make_policy

pytestmark = pytest.mark.django_db


def at(minutes):
    return START + timedelta(minutes=minutes)


def make(case, milestone="first_reply", minutes=100, *, version=None, **fields):
    return Clock.objects.create(
        case=case,
        milestone=milestone,
        department=case.department,
        policy_version=version or make_policy().versions.get(),
        calendar_version=publish_calendar(calendar=case.department.calendar, actor=None, at=START),
        work=timedelta(minutes=minutes),
        started_at=START,
        due_at=at(minutes),
        **fields,
    )


@pytest.mark.req("F7")
@pytest.mark.parametrize(
    ("fields", "minute", "state", "words"),
    [
        ({}, 0, "ok", "1 h 40 min left"),
        ({}, 79.9, "ok", "20 min left"),
        ({}, 80, "warned", "20 min left"),
        ({}, 100, "warned", "0 s left"),
        ({}, 103, "breached", "3 min late"),
        ({"paused_at": at(50)}, 300, "paused", "paused"),
        ({"met_at": at(100)}, 300, "met", "in time"),
        ({"met_at": at(107), "breached_at": at(100)}, 300, "late", "7 min late"),
        ({"stopped_at": at(20)}, 300, "stopped", "stopped"),
    ],
)
def test_a_clock_says_how_it_stands(fields, minute, state, words):
    one = chip(make(SopCaseFactory(), **fields), at(minute))
    assert one.state == state
    with translation.override("en"):
        text = drawn(one)
    assert words in text
    assert f"is-{state}" in text
    assert ("data-due" in text) == one.runs
    assert 0 <= one.percent <= 100


def test_next_is_the_running_clock_due_first_else_a_paused_one():
    case, still, none = SopCaseFactory.create_batch(3)
    version = make_policy().versions.get()
    make(case, "resolution", 60, version=version, paused_at=at(10))
    make(case, "first_reply", 100, version=version)
    make(still, "resolution", 60, version=version, paused_at=at(10))
    make(none, "resolution", 60, version=version, met_at=at(10))
    with CaptureQueriesContext(connection) as queries:
        found = next_of([case, still, none], at(20))
    assert len(queries) == 1
    assert {pk: (one.label, one.state) for pk, one in found.items()} == {
        case.pk: (Clock(milestone="first_reply").get_milestone_display(), "ok"),
        still.pk: (Clock(milestone="resolution").get_milestone_display(), "paused"),
    }
    assert {one.state for one in all_of(case, at(20))} == {"paused", "ok"}


def test_contacts_are_masked():
    assert masked("13800001234") == "138****1234"
    assert masked("someone@example.com") == "s***@example.com"
    assert masked("12345") == "****"
    assert masked("") == "****"
