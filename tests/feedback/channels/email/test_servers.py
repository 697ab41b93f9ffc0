"""In by a real IMAP server, out by a real SMTP server."""

import socket
import threading
from contextlib import suppress
from datetime import timedelta
from email import message_from_bytes, policy
from unittest.mock import patch

import pytest
from django.utils import timezone

from compensation.models import Notice
from config.common import outbox, vault
from config.common.models import Event, OutboxMessage, OutboxStatus
from feedback.cases import commands
from feedback.channels.email import fetching, receiving
from feedback.models import Alert, Case, ChannelMessage, Mailbox, Message, Outcome
from tests.factories.compensation import T0
from tests.factories.feedback import picture
from tests.factories.mail import letter, take
from tests.mailservers import PASSWORD, imap_server, smtp_server

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1")]
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def imap():
    with imap_server() as server:
        yield server


@pytest.fixture
def smtp():
    with smtp_server() as server:
        yield server


users = iter(range(1000))


@pytest.fixture
def inbox(mailbox, imap):
    """The mailbox, on a real server, connected at T0."""
    mailbox.imap_host, mailbox.imap_port, mailbox.imap_security = "127.0.0.1", imap.port, "none"
    mailbox.username, mailbox.password = f"user{next(users)}", vault.encrypt(PASSWORD)
    mailbox.since = T0
    mailbox.save()
    return mailbox


def fetch(mailbox, at=T0 + MINUTE):
    return fetching.fetch(mailbox_id=mailbox.pk, clock=lambda: at)


def bodies():
    return list(Message.objects.order_by("pk").values_list("body", flat=True))


def test_letters_are_fetched_once_and_in_order(inbox, imap):
    for number in (1, 2, 3):
        imap.put(inbox.username, letter(f"信 {number}", number=number), T0 + timedelta(seconds=number))
    assert fetch(inbox) == 3
    assert bodies() == ["信 1", "信 2", "信 3"]
    assert list(Case.objects.order_by("pk").values_list("opened_at", flat=True)) == [
        T0 + timedelta(seconds=number) for number in (1, 2, 3)
    ]
    assert fetch(inbox) == 0
    imap.put(inbox.username, letter("信 4", number=4), T0 + MINUTE)
    assert fetch(inbox, T0 + 2 * MINUTE) == 1
    inbox.refresh_from_db()
    assert (inbox.last_uid, inbox.last_error, inbox.busy_until) == (4, "", None)


def test_nothing_is_changed_over_there(inbox, imap):
    imap.put(inbox.username, letter(), T0 + MINUTE)
    fetch(inbox)
    client = imap.open(inbox.username)
    client.select("INBOX")
    assert b"\\Seen" not in client.fetch("1", "(FLAGS)")[1][0]
    client.logout()


def test_letters_from_before_the_connection_are_left_alone(inbox, imap):
    imap.put(inbox.username, letter("old"), T0 - timedelta(days=3))
    imap.put(inbox.username, letter("just before", number=2), T0 - timedelta(seconds=1))
    imap.put(inbox.username, letter("new", number=3), T0 + MINUTE)
    assert fetch(inbox) == 1
    assert bodies() == ["new"]


def test_new_numbers_over_there_double_nothing(inbox, imap):
    imap.put(inbox.username, letter("信 1", number=1), T0 + MINUTE)
    assert fetch(inbox) == 1
    inbox.refresh_from_db()
    before = inbox.uid_validity
    imap.new_numbers(inbox.username)
    imap.put(inbox.username, letter("信 2", number=2), T0 + MINUTE)
    assert fetch(inbox) == 1
    inbox.refresh_from_db()
    assert inbox.uid_validity != before
    assert bodies() == ["信 1", "信 2"]


def test_a_worker_that_dies_between_fetch_and_commit_loses_and_doubles_nothing(inbox, imap):
    for number in (1, 2, 3):
        imap.put(inbox.username, letter(f"信 {number}", number=number), T0 + MINUTE)
    real = receiving._note_place

    def die(mailbox, arrived):
        if arrived.uid == 2:
            raise KeyboardInterrupt  # as a kill would: past every handler, the transaction is rolled back
        real(mailbox, arrived)

    with patch.object(receiving, "_note_place", die), suppress(KeyboardInterrupt):
        fetch(inbox)
    assert bodies() == ["信 1"]
    assert fetch(inbox) == 2
    assert bodies() == ["信 1", "信 2", "信 3"]


def test_a_dead_workers_mailbox_is_taken_over_after_its_lease(inbox, imap):
    imap.put(inbox.username, letter(), T0 + MINUTE)
    Mailbox.objects.update(busy_until=T0 + 5 * MINUTE)
    assert fetch(inbox, T0 + 2 * MINUTE) == 0
    assert fetch(inbox, T0 + 6 * MINUTE) == 1


class Cut:
    """A line to a server that is cut after some bytes of answers."""

    def __init__(self, port, after):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.target, self.left = self.listener.getsockname()[1], port, after
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client, _address = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self.pump, args=(client, server), daemon=True).start()
        with suppress(OSError):
            while self.left > 0 and (data := server.recv(min(self.left, 4096))):
                self.left -= len(data)
                client.sendall(data)
        for line in (client, server):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    @staticmethod
    def pump(source, target):
        with suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)


def test_a_server_that_drops_the_line_in_the_middle_of_a_letter_loses_nothing(inbox, imap):
    long = "长信" * 20_000
    for number in (1, 2):
        imap.put(inbox.username, letter(f"{long} {number}", number=number), T0 + MINUTE)
    whole = imap.port
    cut = Cut(whole, after=100_000)
    inbox.imap_port = cut.port
    inbox.save()
    taken = fetch(inbox)
    inbox.refresh_from_db()
    assert taken < 2
    assert inbox.last_error
    assert inbox.failing_since == T0 + MINUTE
    assert inbox.busy_until is None
    inbox.imap_port = whole
    inbox.save()
    assert taken + fetch(inbox, T0 + 2 * MINUTE) == 2
    assert Case.objects.count() == ChannelMessage.objects.count() == 2
    inbox.refresh_from_db()
    assert (inbox.last_error, inbox.failing_since) == ("", None)
    told = Event.objects.filter(subject_type="mailbox").exclude(kind="config.changed")
    assert list(told.order_by("id").values_list("kind", flat=True)) == ["mailbox.failing", "mailbox.well"]


@pytest.mark.parametrize("trouble", ["password", "port", "folder", "key"])
def test_what_is_wrong_with_a_mailbox_is_written_on_it(inbox, imap, trouble):
    match trouble:
        case "password":
            inbox.password = vault.encrypt("wrong")
        case "port":
            inbox.imap_port = 1
        case "folder":
            inbox.folder = "no such"
        case "key":
            inbox.password = "v1:damaged"
    inbox.save()
    assert fetch(inbox) == 0
    inbox.refresh_from_db()
    assert inbox.last_error
    assert PASSWORD not in inbox.last_error


def test_of_a_huge_letter_the_head_is_taken(inbox, imap, settings):
    settings.LETTER_MEGABYTES = 0.01
    imap.put(inbox.username, letter("x" * 20_000), T0 + MINUTE)
    assert fetch(inbox) == 1
    case = Case.objects.get()
    assert case.subject == "包裹破损"
    assert Message.objects.filter(case=case, is_public=False).count() == 1


def test_a_broken_letter_holds_up_no_other(inbox, imap):
    imap.put(inbox.username, b"Subject: from nobody\r\n\r\nx", T0 + MINUTE)
    imap.put(inbox.username, letter(), T0 + MINUTE)
    assert fetch(inbox) == 2
    assert Case.objects.count() == 1
    assert ChannelMessage.objects.filter(outcome=Outcome.BROKEN).count() == 1


@pytest.fixture
def way_out(mailbox, smtp):
    post, port = smtp
    mailbox.smtp_host, mailbox.smtp_port, mailbox.smtp_security = "127.0.0.1", port, "none"
    mailbox.save()
    return post


def relay(at=None):
    return outbox.relay(at or timezone.now() + timedelta(days=1))


def opened(raw):
    return message_from_bytes(raw, policy=policy.default)


def test_a_reply_goes_out_as_a_letter_that_its_answer_finds_back_by(mailbox, way_out, agent):
    case = take(mailbox, letter()).case
    relay()
    way_out.letters.clear()
    commands.reply(
        case_id=case.pk,
        body="您好，请发照片",
        attachments=[picture("样.jpg")],
        actor=agent.user,
        at=T0 + MINUTE,
    )
    assert relay().sent == 1
    [(sender, to, raw)] = way_out.letters
    sent = opened(raw)
    tagged = f"care+{sent['Reply-To'].rpartition('<')[2].split('+')[1].rstrip('>')}"
    assert sender == tagged
    assert to == ["wang@example.com"]
    assert sent["From"] == "回音客服 <care@shop.example>"
    assert sent["Subject"] == f"Re: 包裹破损 [{case.number}]"
    assert sent["In-Reply-To"] == "<1@example.com>"
    assert sent["References"].split()[0] == "<1@example.com>"
    assert len(sent["References"].split()) == 2  # and what it was told automatically
    assert sent["Auto-Submitted"] is None
    text, file = sent.get_payload()
    assert "您好，请发照片" in text.get_payload(decode=True).decode()
    assert "小李" in text.get_payload(decode=True).decode()
    assert file.get_content_type() == "image/jpeg"
    row = ChannelMessage.objects.get(direction="out", message__isnull=False)
    assert (row.outcome, f"<{row.letter_id}>") == (Outcome.SENT, sent["Message-ID"])
    for number, way in enumerate(({"to": tagged}, {"in_reply_to": sent["Message-ID"]})):
        assert take(mailbox, letter("照片", number=number + 5, **way), at=T0 + 2 * MINUTE).case == case


def test_the_member_is_not_told_twice_by_the_same_way(mailbox, way_out, agent):
    case = take(mailbox, letter()).case
    relay()
    [(_sender, _to, raw)] = way_out.letters
    first = opened(raw)
    assert first["Auto-Submitted"] == "auto-replied"
    assert first["X-Auto-Response-Suppress"] == "All"
    assert first["In-Reply-To"] == "<1@example.com>"
    commands.reply(case_id=case.pk, body="好的", then="resolve", actor=agent.user, at=T0 + MINUTE)
    way_out.letters.clear()
    assert relay().sent == 2
    texts = [opened(raw).get_payload(decode=True).decode() for _s, _t, raw in way_out.letters]
    assert sum("好的" in text for text in texts) == 1
    assert Notice.objects.filter(kind="case.resolved").count() == 1


@pytest.mark.parametrize(("ours", "theirs"), [(3, 1000), (1000, 5)])
def test_machines_that_talk_to_each_other_fall_silent(mailbox, way_out, agent, settings, ours, theirs):
    """The other side answers every letter of ours without any header that says so; each limit is enough."""
    settings.AUTOMATIC_LETTERS_AN_HOUR, settings.LETTERS_AN_HOUR = ours, theirs
    take(mailbox, letter())
    for number in range(2, 30):
        relay()
        if not way_out.letters:
            break
        answered = opened(way_out.letters.pop(0)[2])
        take(mailbox, letter(f"谢谢 {number}", number=number, in_reply_to=answered["Message-ID"]))
        # somebody closes it each time, so that each letter opens it again and the member is told
        for case in Case.objects.exclude(status="closed"):
            commands.reply(case_id=case.pk, body="x", then="resolve", actor=agent.user, at=T0)
            OutboxMessage.objects.filter(kind="channel").update(status=OutboxStatus.DROPPED)
            commands.close_case(case_id=case.pk, actor=None, at=T0)
    assert number < 12
    assert Case.objects.count() == 1


def test_a_server_that_is_busy_gets_the_letter_later_and_once(mailbox, way_out, agent):
    case = take(mailbox, letter()).case
    relay()
    way_out.letters.clear()
    commands.reply(case_id=case.pk, body="好", actor=agent.user, at=T0 + MINUTE)
    way_out.at_rcpt = ["451 come back later"]
    way_out.at_data = ["452 disk full"]
    now = timezone.now()
    for hour in range(1, 5):
        relay(now + timedelta(hours=hour))
    [(_sender, _to, raw)] = way_out.letters
    row = ChannelMessage.objects.get(direction="out", message__isnull=False)
    assert row.outcome == Outcome.SENT
    assert opened(raw)["Message-ID"] == f"<{row.letter_id}>"
    assert not Message.objects.filter(case=case, is_public=False).exists()


@pytest.mark.parametrize("where", ["at_rcpt", "at_data"])
def test_a_letter_that_is_refused_for_good_is_noted_on_the_case(mailbox, way_out, agent, where):
    case = take(mailbox, letter()).case
    relay()
    way_out.letters.clear()
    commands.reply(case_id=case.pk, body="好", actor=agent.user, at=T0 + MINUTE)
    setattr(way_out, where, ["550 5.1.1 no such user here"])
    assert relay().dead == 1
    assert "no such user here" in Message.objects.get(case=case, is_public=False).body
    assert ChannelMessage.objects.get(direction="out", message__isnull=False).outcome == Outcome.FAILED
    assert Alert.objects.filter(case=case, kind="case.reply_failed").count() == 1
    case.member.refresh_from_db()
    assert (case.member.email_failed_at is not None) is (where == "at_rcpt")


def test_a_server_that_stays_away_is_given_up_and_noted(mailbox, way_out, agent, settings):
    settings.OUTBOX_MAX_ATTEMPTS = 2
    case = take(mailbox, letter()).case
    relay()
    commands.reply(case_id=case.pk, body="好", actor=agent.user, at=T0 + MINUTE)
    Mailbox.objects.update(smtp_port=1)
    now = timezone.now()
    assert relay(now + timedelta(hours=1)).postponed == 1
    assert not Message.objects.filter(case=case, is_public=False).exists()
    assert relay(now + timedelta(hours=3)).dead == 1
    assert Message.objects.filter(case=case, is_public=False).count() == 1


def test_a_mailbox_without_tagged_addresses_threads_by_message_ids(mailbox, way_out, agent):
    Mailbox.objects.update(tags_addresses=False)
    case = take(mailbox, letter()).case
    relay()
    [(sender, _to, raw)] = way_out.letters
    assert sender == "care@shop.example"
    sent = opened(raw)
    assert sent["Reply-To"] is None
    answer = letter("x", number=8, in_reply_to=sent["Message-ID"])
    assert take(mailbox, answer, at=T0 + MINUTE).case == case


def test_a_case_opened_elsewhere_is_not_answered_by_letter(mailbox, way_out, agent, service):
    case = take(mailbox, letter()).case
    relay()
    way_out.letters.clear()
    Case.objects.update(channel="portal")
    commands.reply(case_id=case.pk, body="好", actor=agent.user, at=T0 + MINUTE)
    assert not OutboxMessage.objects.filter(kind="channel").exists()
    assert OutboxMessage.objects.filter(kind="member", status="pending").count() == 1


def test_many_older_letters_do_not_hide_the_new_one(inbox, imap, monkeypatch):
    monkeypatch.setattr(fetching, "BATCH", 2)
    for number in range(3):  # of the same day, from before the connection
        imap.put(inbox.username, letter("old", number=number), T0 - timedelta(seconds=9 - number))
    imap.put(inbox.username, letter("new", number=4), T0 + MINUTE)
    assert fetch(inbox) + fetch(inbox) == 1
    assert bodies() == ["new"]
