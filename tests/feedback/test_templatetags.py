from datetime import timedelta

import pytest
from django.template import Context
from django.utils import translation

from feedback.clocks.queries import running_chips
from feedback.clocks.states import _chip
from feedback.models import Clock
from feedback.sops.commands import publish_calendar
from feedback.templatetags.cases import clock as drawn
from feedback.templatetags.cases import masked
from tests.factories.sop import START, SopCaseFactory, make_policy

pytestmark = pytest.mark.django_db


def at(minutes):
    return START + timedelta(minutes=minutes)


def make(**fields):
    case = SopCaseFactory()
    return Clock.objects.create(
        case=case,
        milestone="first_reply",
        department=case.department,
        policy_version=make_policy().versions.get(),
        calendar_version=publish_calendar(calendar=case.department.calendar, actor=None, at=START),
        work=timedelta(minutes=100),
        started_at=START,
        due_at=at(100),
        **fields,
    )


@pytest.mark.req("F7")
@pytest.mark.parametrize(
    ("fields", "minute", "state", "words", "runs"),
    [
        ({}, 0, "ok", "1 h 40 min left", True),
        ({}, 79, "ok", "21 min left", True),
        ({}, 80, "warned", "20 min left", True),
        ({"rungs_fired": 1}, 10, "warned", "1 h 30 min left", True),
        ({}, 103, "breached", "3 min late", True),
        ({"paused_at": at(50)}, 300, "paused", "paused", False),
        ({"met_at": at(99)}, 300, "met", "", False),
        ({"met_at": at(107), "breached_at": at(100)}, 300, "late", "", False),
        ({"stopped_at": at(20)}, 300, "stopped", "stopped", False),
    ],
)
def test_a_clock_is_a_bar_a_colour_and_words(fields, minute, state, words, runs):
    chip = _chip(make(**fields), at(minute))
    with translation.override("en"):
        text = drawn(Context({"now": at(minute)}), chip)
    assert words in text
    assert f'class="clock is-{state}"' in text
    assert ("data-due" in text) == runs
    assert "<a " in drawn(Context({"now": at(minute)}), chip, "/replay/")


def test_a_clock_says_its_milestone_as_text():
    chip = running_chips([make().case], now=at(1))
    (only,) = chip.values()
    assert "<span" in drawn(Context(), only)


def test_contacts_are_masked():
    assert masked("13800001234") == "138****1234"
    assert masked("someone@example.com") == "s***@example.com"
    assert masked("12345") == "****"
    assert masked("") == "****"
