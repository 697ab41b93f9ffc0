"""Letters that stop the worker which reads them: for real, by a process that is killed."""

import multiprocessing
import os
import signal
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django.utils import translation

from config.common import vault
from config.common.errors import WrongState
from feedback.channels.email import again, fetching, letters
from feedback.models import ChannelMessage, Message, Outcome
from tests.factories.common import UserFactory
from tests.factories.compensation import T0
from tests.factories.mail import letter, take
from tests.mailservers import PASSWORD, imap_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F1")]
MINUTE = timedelta(minutes=1)
POISON = b"X-Poison: yes"
real_read = letters.read


@pytest.fixture
def inbox(mailbox):
    with imap_server() as imap:
        mailbox.imap_host, mailbox.imap_port, mailbox.imap_security = "127.0.0.1", imap.port, "none"
        mailbox.username, mailbox.password = "poisoned", vault.encrypt(PASSWORD)
        mailbox.since = T0
        mailbox.save()
        imap.put("poisoned", letter("信 1", number=1), T0 + MINUTE)
        imap.put("poisoned", letter("信 2", number=2, X_Poison="yes"), T0 + MINUTE)
        imap.put("poisoned", letter("信 3", number=3), T0 + MINUTE)
        yield mailbox


def read(raw):
    """Do to the process what the kernel does when there is no memory left."""
    if POISON in raw:
        os.kill(os.getpid(), signal.SIGKILL)
    return real_read(raw)


def worker(mailbox_id, at):
    letters.read = read
    fetching.fetch(mailbox_id=mailbox_id, clock=lambda: at)
    os._exit(0)


def run_worker(mailbox, at):
    """Look into the mailbox by a process of its own; how that ended."""
    connection.close()
    process = multiprocessing.get_context("fork").Process(target=worker, args=(mailbox.pk, at))
    process.start()
    process.join(60)
    return process.exitcode


def bodies():
    return list(Message.objects.order_by("pk").values_list("body", flat=True))


def test_a_letter_that_kills_its_readers_is_set_aside_and_the_others_come_in(inbox):
    assert run_worker(inbox, T0 + MINUTE) == -signal.SIGKILL
    assert bodies() == ["信 1"]
    assert run_worker(inbox, T0 + 2 * MINUTE) == 0  # the lease of the dead one holds
    assert run_worker(inbox, T0 + 12 * MINUTE) == -signal.SIGKILL
    with patch.object(letters, "read", read):  # it would be the end of these tests
        assert fetching.fetch(mailbox_id=inbox.pk, clock=lambda: T0 + 23 * MINUTE) == 2
    assert bodies() == ["信 1", "信 3"]
    row = ChannelMessage.objects.get(outcome=Outcome.FATAL)
    with row.original.open("rb") as file:
        assert POISON in file.read()
    inbox.refresh_from_db()
    assert (inbox.last_uid, inbox.trying_uid, inbox.tries) == (3, 0, 0)


def test_what_stops_a_fetch_politely_is_not_counted_against_the_letter(inbox):
    for number in range(4):
        with patch.object(letters, "read", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
            fetching.fetch(mailbox_id=inbox.pk, clock=lambda number=number: T0 + number * MINUTE)
    fetching.fetch(mailbox_id=inbox.pk, clock=lambda: T0 + 5 * MINUTE)
    assert bodies() == ["信 1", "信 2", "信 3"]


def test_no_memory_left_is_no_reason_to_fetch_it_for_ever(mailbox):
    with patch.object(letters, "message_from_bytes", side_effect=MemoryError):
        row = take(mailbox, letter())
    assert (row.outcome, row.reason) == (Outcome.BROKEN, "MemoryError")


def fatal(mailbox):
    arrived = fetching.Arrived(letter(X_Poison="yes", text="<b>看</b>"), T0, is_fatal=True)
    with patch.object(letters, "read", side_effect=AssertionError("is not read")):
        return fetching.receive(mailbox=mailbox, arrived=arrived, at=T0 + MINUTE)


def test_it_is_not_read_again_when_the_numbers_are_new(mailbox):
    row = fatal(mailbox)
    with patch.object(letters, "read", side_effect=AssertionError("is not read")):
        assert take(mailbox, letter(X_Poison="yes", text="<b>看</b>")) is None
    assert list(ChannelMessage.objects.all()) == [row]


def test_it_is_shown_and_not_opened(mailbox, client):
    row = fatal(mailbox)
    client.force_login(UserFactory(is_superuser=True))
    with patch.object(letters, "read", side_effect=AssertionError("is not read")), translation.override("en"):
        page = client.get(reverse("admin:letter", args=[row.pk])).content.decode()
        assert "X-Poison: yes" in page
        assert client.get(reverse("admin:letter_page", args=[row.pk])).status_code == 404
        listed = client.get(reverse("admin:feedback_channelmessage_changelist")).content.decode()
        assert reverse("admin:letter", args=[row.pk]) in listed
        with translation.override("en"), pytest.raises(WrongState, match="by hand"):
            again.take_in(row_id=row.pk, actor=UserFactory(), at=T0 + MINUTE)


def test_its_head_is_kept_from_whom_may_not_see_contacts(mailbox, client):
    row = fatal(mailbox)
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_channelmessage"))
    client.force_login(user)
    page = client.get(reverse("admin:letter", args=[row.pk])).content.decode()
    assert "X-Poison" not in page
