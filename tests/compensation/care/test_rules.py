"""What becomes of an occasion: the reasons in their order, quiet hours before the cap."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.care.rules import Facts, decide
from compensation.models import CareChannel, CareRule, ConsentNeed, HeldReason, Purpose
from tests.factories.care import AT, QUIET

ZONE = ZoneInfo("Asia/Shanghai")
BOTH = frozenset({"email", "sms"})
NIGHT = datetime(2026, 11, 22, 15, tzinfo=UTC)


def rule(**changes):
    given = {"purpose": Purpose.MARKETING, "consent": ConsentNeed.TO_ACT, "is_capped": True}
    return CareRule(**(given | changes))


def verdict(of=None, at=AT, most=2, **facts):
    return decide(of or rule(), Facts(**({"allowed": BOTH} | facts)), most=most, at=at, zone=ZONE)


def test_who_consents_and_has_not_heard_enough_is_told():
    assert verdict() == verdict(heard=1)
    assert verdict().channel == ""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"is_erased": True}, HeldReason.ERASED),
        ({"is_over": True}, HeldReason.OVER),
        ({"is_inside": False}, HeldReason.SEGMENT),
        ({"allowed": ()}, HeldReason.CONSENT),
        ({"heard": 2}, HeldReason.CAP),
    ],
)
def test_what_holds_it_back_is_named(facts, reason):
    assert verdict(**facts).reason == reason


def test_a_rule_that_is_off_does_nothing():
    assert verdict(rule(is_active=False)).reason == HeldReason.RULE_OFF


def test_quiet_hours_put_it_off():
    assert verdict(rule(**QUIET), at=NIGHT).until == datetime(2026, 11, 23, 1, tzinfo=UTC)


def test_the_cap_is_asked_about_once_it_may_be_told():
    assert verdict(rule(**QUIET), at=NIGHT, heard=9).until is not None


def test_what_is_not_capped_goes_out_whatever_was_heard():
    assert verdict(rule(is_capped=False), heard=9).channel == ""


def test_without_consent_to_send_it_stands_in_the_portal():
    benefit = rule(consent=ConsentNeed.TO_SEND)
    assert verdict(benefit, allowed=()) == verdict(rule(channel=CareChannel.PORTAL))
    assert verdict(benefit, allowed=()).channel is None


def test_a_channel_that_is_not_allowed_holds_it_back():
    assert verdict(rule(channel=CareChannel.SMS), allowed={"email"}).reason == HeldReason.CONSENT
    assert verdict(rule(channel=CareChannel.SMS), allowed=BOTH).channel == "sms"


@given(
    st.builds(
        Facts,
        is_erased=st.booleans(), is_over=st.booleans(), is_inside=st.booleans(),
        allowed=st.frozensets(st.sampled_from(["email", "sms"])), heard=st.integers(0, 5),
    ),
    st.sampled_from(CareChannel), st.sampled_from(ConsentNeed), st.integers(0, 5), st.booleans(),
)  # fmt: skip
def test_marketing_never_leaves_by_a_channel_that_is_not_allowed(facts, channel, consent, most, capped):
    found = decide(
        rule(channel=channel, consent=consent, is_capped=capped), facts, most=most, at=AT, zone=ZONE
    )
    assert sum(part is not None for part in (found.reason, found.until)) <= 1
    if found.channel is not None:
        assert facts.allowed
        assert found.channel in {"", *facts.allowed}
        assert not capped or facts.heard < most
