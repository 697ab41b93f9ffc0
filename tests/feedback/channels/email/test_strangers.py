"""Who gets into a case by letter, and who is answered."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compensation.models import Member
from config.common import outbox
from config.common.errors import Invalid, WrongState
from config.common.models import Event
from feedback.cases import commands
from feedback.channels.email import again, rules, sending
from feedback.models import Alert, Case, ChannelMessage, Mailbox, Message, Outcome
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.mail import letter, take
from tests.mailservers import smtp_server
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1")]
HOUR = timedelta(hours=1)
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def case(mailbox, agent):
    found = take(mailbox, letter()).case
    commands.claim(case_id=found.pk, actor=agent.user, at=T0 + timedelta(minutes=1))
    commands.reply(case_id=found.pk, body="请发照片", then="wait", actor=agent.user, at=T0 + HOUR)
    return Case.objects.get(pk=found.pk)


def stranger(mailbox, case, number=2, sender="邻居 <li@example.org>", text="我也要", **more):
    to = f"care+{rules.tag(case.pk)}@shop.example"
    return take(mailbox, letter(text, number=number, sender=sender, to=to, **more), at=T0 + 2 * HOUR)


def bodies(case):
    return list(Message.objects.filter(case=case).order_by("pk").values_list("body", flat=True))


def test_a_strangers_letter_waits_beside_the_case(mailbox, case, agent):
    row = stranger(mailbox, case)
    assert (row.case, row.outcome, row.message) == (case, Outcome.SET_ASIDE, None)
    assert bodies(case) == ["箱子破了", "请发照片"]
    now = Case.objects.get(pk=case.pk)
    assert now.status == "waiting_member"
    assert now.version > case.version
    assert Alert.objects.filter(user=agent.user, kind="case.letter_waits").count() == 1
    assert Event.objects.filter(kind="case.letter_waits", subject_id=case.pk).count() == 1


def test_the_member_gets_in_by_any_spelling_of_the_address(mailbox, case):
    assert stranger(mailbox, case, sender="WANG@Example.com").outcome == Outcome.TAKEN


def test_taken_in_once_is_known_from_then_on(mailbox, case, agent):
    row = stranger(mailbox, case)
    again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)
    assert bodies(case)[-1] == "我也要"
    assert Case.objects.get(pk=case.pk).status == "open"
    assert stranger(mailbox, case, number=3, text="还有").outcome == Outcome.TAKEN
    with pytest.raises(WrongState):
        again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)
    with pytest.raises(WrongState):
        again.leave(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)


def test_what_was_left_aside_waits_no_longer_and_can_be_taken_in_yet(mailbox, case, agent):
    row = stranger(mailbox, case)
    again.leave(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)
    again.leave(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)
    assert Event.objects.filter(kind="case.letter_left").count() == 1
    assert again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 4 * HOUR).outcome == Outcome.TAKEN


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_decide_once(mailbox, case, agent):
    row = stranger(mailbox, case)
    results = at_once(
        lambda: again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR),
        lambda: again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR),
    )
    assert [type(one) for one in refused(results)] == [WrongState]
    assert bodies(case).count("我也要") == 1


def test_a_machine_that_is_no_correspondent_adds_nothing_either(mailbox, case):
    row = stranger(mailbox, case, auto_submitted="auto-replied")
    assert (row.outcome, row.message) == (Outcome.SET_ASIDE, None)


def test_one_sender_adds_so_much_to_a_case_in_a_day(mailbox, case, settings):
    settings.LETTERS_A_CASE_A_DAY = 2
    outcomes = [
        stranger(mailbox, case, number=number, sender="wang@example.com").outcome for number in (2, 3, 4)
    ]
    assert outcomes == [Outcome.TAKEN, Outcome.TAKEN, Outcome.SET_ASIDE]


def test_a_storm_of_strangers_tells_nobody_without_end(mailbox, case, agent, monkeypatch):
    monkeypatch.setattr("feedback.channels.email.strangers.TOLD_A_DAY", 2)
    for number in range(2, 6):
        stranger(mailbox, case, number=number, sender=f"x{number}@example.org")
    assert Alert.objects.filter(kind="case.letter_waits").count() == 2
    assert ChannelMessage.objects.filter(case=case, outcome=Outcome.SET_ASIDE).count() == 4


def browser(user):
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user, backend=BACKEND)
    return client


def test_an_agent_decides_on_the_cases_page(mailbox, case, agent):
    row = stranger(mailbox, case)
    page = browser(agent.user)
    here, there = reverse("admin:case", args=[case.pk]), reverse("admin:case_act", args=[case.pk, "letter"])
    assert "Somebody else wrote about this case" in page.get(here).content.decode()
    page.post(there, {"letter": row.pk, "verdict": "take"})
    assert bodies(case)[-1] == "我也要"
    assert "Somebody else wrote about this case" not in page.get(here).content.decode()


def test_nobody_decides_about_another_departments_letter(mailbox, case):
    row = stranger(mailbox, case)
    other = AgentFactory(departments=[DepartmentFactory()])
    there = reverse("admin:case_act", args=[case.pk, "letter"])
    assert browser(other.user).post(there, {"letter": row.pk, "verdict": "take"}).status_code in {403, 404}
    assert ChannelMessage.objects.get(pk=row.pk).outcome == Outcome.SET_ASIDE


@pytest.mark.parametrize("asked", ["", "x", "999999", "²"])
def test_a_letter_that_waits_nowhere_near_is_not_found(case, agent, asked):
    there = reverse("admin:case_act", args=[case.pk, "letter"])
    assert browser(agent.user).post(there, {"letter": asked, "verdict": "take"}).status_code == 404


# Who is answered.


@pytest.fixture
def post():
    with smtp_server() as (post, port):
        Mailbox.objects.update(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")
        yield post


def answered(case, agent, **more):
    commands.reply(case_id=case.pk, body="好的", actor=agent.user, at=T0 + 4 * HOUR, **more)
    outbox.relay(timezone.now() + HOUR)


def recipients(post):
    return [to for _sender, to, raw in post.letters if "好的" in opened(raw)]


def opened(raw):
    return message_from_bytes(raw, policy=policy.default).get_body().get_content()


def test_the_members_own_address_is_answered_whoever_wrote_first(mailbox, case, agent, post):
    Member.objects.filter(pk=case.member_id).update(email="new@example.com")
    row = stranger(mailbox, case)
    again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)
    answered(case, agent)
    assert recipients(post) == [["new@example.com"]]


def test_another_is_answered_where_an_agent_chose_that_and_the_member_is_told(mailbox, case, agent, post):
    row = stranger(mailbox, case)
    again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)
    answered(case, agent, to=row.pk)
    assert ["li@example.org"] in recipients(post)
    assert recipients(post).count(["li@example.org"]) == 1
    assert ["wang@example.com"] in recipients(post), "the member is told what was said"


def test_a_member_without_an_address_is_answered_where_they_wrote_from(case, agent, post):
    Member.objects.filter(pk=case.member_id).update(email="")
    answered(case, agent)
    assert recipients(post) == [["wang@example.com"]]


def test_nobody_is_chosen_who_did_not_write_in_the_case(mailbox, case, agent):
    other = take(mailbox, letter(number=9, sender="zhao@example.net"), at=T0 + 2 * HOUR)
    waits = stranger(mailbox, case)
    for chosen in (other.pk, waits.pk, 10**12):
        with pytest.raises(Invalid):
            commands.reply(case_id=case.pk, body="好", to=chosen, actor=agent.user, at=T0 + 4 * HOUR)


def test_the_composer_says_who_is_answered(mailbox, case, agent):
    page, here = browser(agent.user), reverse("admin:case", args=[case.pk])
    assert 'name="to"' not in page.get(here).content.decode()
    row = stranger(mailbox, case)
    again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)
    shown = page.get(here).content.decode()
    assert 'name="to"' in shown
    assert f'<option value="{row.pk}">' in shown
    there = reverse("admin:case_act", args=[case.pk, "reply"])
    page.post(there, {"body": "好", "then": "open", "to": row.pk})
    sent = outbox.OutboxMessage.objects.filter(kind="channel").latest("pk")
    assert sent.payload["letter"] == row.pk
    assert page.post(there, {"body": "好", "then": "open", "to": "x"}).status_code == 404


def test_no_more_writers_are_offered_than_fit(mailbox, case, agent, monkeypatch):
    monkeypatch.setattr(sending, "MOST_WRITERS", 2)
    for number in range(2, 6):
        row = stranger(mailbox, case, number=number, sender=f"x{number}@example.org")
        again.take_in(row_id=row.pk, actor=agent.user, at=T0 + 3 * HOUR)
    assert [one.address for one in sending.recipients(case)] == [
        "wang@example.com", "x2@example.org", "x3@example.org",
    ]  # fmt: skip
