from datetime import timedelta

import pytest
from django.utils import translation

from feedback.clocks import states
from feedback.clocks.queries import running_chips
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
        milestone=fields.pop("milestone", "first_reply"),
        department=case.department,
        policy_version=make_policy().versions.get(),
        calendar_version=publish_calendar(calendar=case.department.calendar, actor=None, at=START),
        work=timedelta(minutes=100),
        started_at=START,
        due_at=at(100),
        **{
            "next_fire_at": None if {"met_at", "stopped_at", "paused_at"} & fields.keys() else at(100),
            **fields,
        },
    )


@pytest.mark.req("F7")
@pytest.mark.parametrize(
    ("fields", "minute", "state", "words", "runs"),
    [
        ({}, 0, "ok", "1 h 40 min left", True),
        ({}, 79, "ok", "21 min left", True),
        ({"next_fire_at": at(80)}, 79, "ok", "21 min left", True),
        ({"next_fire_at": at(80)}, 80, "warned", "20 min left", True),
        ({"rungs_fired": 1}, 10, "warned", "1 h 30 min left", True),
        ({}, 103, "breached", "3 min late", True),
        ({"paused_at": at(50), "milestone": "resolution"}, 300, "paused", "paused", False),
        ({"met_at": at(99)}, 300, "met", "", False),
        ({"met_at": at(107), "breached_at": at(100)}, 300, "late", "", False),
        ({"stopped_at": at(20)}, 300, "stopped", "stopped", False),
    ],
)
def test_a_clock_is_a_bar_a_colour_and_words(fields, minute, state, words, runs):
    with translation.override("en"):
        chip = states.chip(make(**fields), at(minute))
        text = drawn(chip)
    assert words in text
    assert f'class="clock is-{state}"' in text
    assert ("data-due" in text) == runs
    assert "<a " in drawn(chip, "/replay/")


def test_the_bar_goes_on_in_a_straight_line():
    clock = make(next_fire_at=at(80))
    chip = states.chip(clock, at(40))
    assert (chip.fraction, chip.bar_from, chip.warn_at) == (0.4, START, at(80))
    Clock.objects.filter(pk=clock.pk).update(due_at=at(160), rungs_fired=1)  # it stood still for an hour
    chip = states.chip(Clock.objects.get(), at(40))
    assert chip.bar_from == at(-40)  # 80 of 200 minutes are 40 % at 40
    assert chip.warn_at == START
    assert states.chip(clock, at(100)).bar_from == START


def test_a_clock_says_its_milestone_as_text():
    chip = running_chips([make().case], now=at(1))
    (only,) = chip.values()
    assert "<span" in drawn(only)


def test_contacts_are_masked():
    assert masked("13800001234") == "138****1234"
    assert masked("someone@example.com") == "s***@example.com"
    assert masked("12345") == "****"
    assert masked("") == "****"
