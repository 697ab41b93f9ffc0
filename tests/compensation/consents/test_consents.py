"""What members let us send: the stricter of their choice and the shop's record, honoured when it is sent."""

import pytest
import time_machine
from django.core import mail
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from compensation.consents import commands, links, queries, rules
from compensation.models import OFFERED, ConsentChoice, Member, MessageChannel, Purpose
from compensation.notices import commands as notices
from compensation.notices import senders
from config.common.errors import Invalid
from config.common.models import Event, OutboxMessage
from config.common.outbox import Dropped
from tests.factories.care import AT, willing
from tests.factories.compensation import MemberFactory
from tests.factories.session import browser_of, client_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C11")]
OFF = {("marketing", "email"): False, ("marketing", "sms"): False}


@pytest.fixture(autouse=True)
def outbox_of_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PUBLIC_URL = "https://shop.example"


def told(member, **changes):
    content = {"kind": "care", "key": "k", "title": "新春快乐", "body": "祝好", "purpose": "marketing"}
    notices.notify_all([notices.Telling(member=member, **(content | changes))], at=AT)
    return OutboxMessage.objects.get()


CHOICES = st.dictionaries(
    st.tuples(st.sampled_from(Purpose.values), st.sampled_from(MessageChannel.values)), st.booleans()
)


@given(st.sampled_from(["", *Purpose.values]), st.booleans(), CHOICES)
def test_a_no_always_counts_and_marketing_needs_a_yes(purpose, marketing, choices):
    allowed = rules.channels(purpose, marketing=marketing, choices=choices)
    for channel in MessageChannel.values:
        if not purpose:
            assert channel in allowed
        elif (
            channel not in OFFERED[purpose]
            or choices.get((purpose, channel)) is False
            or (purpose == "marketing" and not marketing)
        ):
            assert channel not in allowed
        else:
            assert channel in allowed


def test_the_shops_yes_does_not_undo_the_members_no():
    member = commands.choose(member=willing(), wanted=OFF, source="portal", at=AT)
    assert member.consent_marketing is False
    Member.objects.filter(pk=member.pk).update(consent_marketing=True)  # as an import may
    member.refresh_from_db()
    assert queries.channels(member, "marketing") == frozenset()


def test_a_yes_to_one_way_is_no_yes_to_the_other():
    member = willing(consent_marketing=False)
    member = commands.choose(member=member, wanted={("marketing", "email"): True}, source="api", at=AT)
    assert member.consent_marketing
    assert queries.channels(member, "marketing") == {"email"}
    assert queries.channels(member, "service") == {"email", "sms"}


def test_choosing_the_same_again_records_nothing():
    member = commands.choose(member=willing(), wanted=OFF, source="portal", at=AT)
    commands.choose(member=member, wanted=OFF, source="portal", at=AT)
    assert Event.objects.filter(kind="member.consent_changed").count() == 1


def test_what_there_is_not_cannot_be_chosen():
    with pytest.raises(Invalid):
        commands.choose(member=willing(), wanted={("spam", "email"): True}, source="api", at=AT)
    with pytest.raises(Invalid):
        commands.choose(member=willing(), wanted={("survey", "fax"): True}, source="api", at=AT)
    with pytest.raises(Invalid):
        commands.choose(member=willing(), wanted={("marketing", "push"): True}, source="api", at=AT)


def test_what_is_essential_is_sent_whatever_was_chosen():
    member = willing(email="m@example.com", consent_marketing=False)
    commands.choose(
        member=member, wanted={(p, c): False for p in Purpose for c in OFFERED[p]}, source="api", at=AT
    )
    senders.send_notice(told(member, purpose=""))
    (letter,) = mail.outbox
    assert "unsubscribe" not in letter.body
    assert "List-Unsubscribe" not in letter.extra_headers


def test_consent_counts_at_the_moment_of_sending():
    member = willing(email="m@example.com")
    message = told(member)
    commands.choose(member=member, wanted=OFF, source="link", at=AT)
    with pytest.raises(Dropped):
        senders.send_notice(message)
    assert not mail.outbox


def test_who_allows_text_messages_only_gets_one(capsys):
    member = willing(email="m@example.com", phone="13800000001")
    commands.choose(member=member, wanted={("marketing", "email"): False}, source="api", at=AT)
    senders.send_notice(told(member))
    assert "13800000001" in capsys.readouterr().out
    assert not mail.outbox


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_rule_by_one_way_goes_by_no_other(channel):
    lacking = {"email": {"email": "", "phone": "13800000001"}, "sms": {"email": "m@x.cn", "phone": ""}}
    with pytest.raises(Dropped):
        senders.send_notice(told(willing(**lacking[channel]), channel=channel))


def test_a_letter_says_how_to_get_no_more_of_them_and_that_works_without_signing_in():
    member = willing(email="m@example.com", language="en")
    senders.send_notice(told(member))
    (letter,) = mail.outbox
    address = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert letter.body.endswith(f"No more of these: {address}")
    path = address.removeprefix("https://shop.example")
    browser = Client(enforce_csrf_checks=True)
    assert b"Stop sending me this" in browser.get(path).content
    assert not ConsentChoice.objects.exists()  # looking is not asking
    with time_machine.travel(AT):
        answer = browser.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert queries.channels(member, "marketing") == {"sms"}
    assert ConsentChoice.objects.get().source == "link"


@pytest.mark.parametrize(
    "token", ["1.marketing.email:x", "x", "1.marketing.email", ":", "%00", "1.spam.email:", "👻:👻"]
)
def test_a_link_that_is_not_ours_changes_nothing(token):
    willing()
    answer = Client().post(f"/portal/unsubscribe/{token}/")
    assert answer.status_code == 404
    assert not ConsentChoice.objects.exists()


def test_a_link_of_another_salt_or_an_erased_member_is_none_of_ours():
    member = willing()
    token = links.token_for(member.pk)
    assert links.read(token) == (member, "marketing", "email", 0)
    assert links.read(token.replace("email", "sms")) is None
    Member.objects.filter(pk=member.pk).update(erased_at=AT)
    assert links.read(token) is None


def test_the_portals_page_keeps_what_is_ticked():
    member = MemberFactory(consent_marketing=True)
    browser = browser_of(member)
    assert browser.get("/portal/consent/").content.count(b"checked") == 8
    answer = browser.post("/portal/consent/", {"service.email": "on", "marketing.sms": "on"})
    assert answer.status_code == 302
    kept = queries.settings_of(Member.objects.get(pk=member.pk))
    assert kept == {
        "service": {"email": True, "sms": False},
        "marketing": {"email": False, "sms": True},
        "survey": {"email": False, "sms": False, "push": False, "wechat": False},
    }


def test_the_api_changes_what_is_named():
    client = client_of(MemberFactory(consent_marketing=True))
    answer = client.patch("/api/v1/consent/", {"marketing": {"email": False}}, format="json")
    assert answer.json()["marketing"] == {"email": False, "sms": True}
    assert client.get("/api/v1/consent/").json()["survey"] == {
        "email": True, "sms": True, "push": True, "wechat": True,
    }  # fmt: skip
    assert client.patch("/api/v1/consent/", {"marketing": {"email": "x"}}, format="json").status_code == 400
    assert client.patch("/api/v1/consent/", {"marketing": []}, format="json").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_two_choices_at_once_are_both_kept():
    member = willing()

    def off(channel):
        return lambda: commands.choose(
            member=member, wanted={("marketing", channel): False}, source="link", at=AT
        )

    assert not refused(at_once(off("email"), off("sms")))
    member.refresh_from_db()
    assert member.consent_marketing is False
    assert queries.channels(member, "marketing") == frozenset()
