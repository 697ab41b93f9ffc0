"""Testing the connection of a mailbox against real servers, and from its page."""

import socket
import ssl

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import translation

from config.common import vault
from config.common.models import Event
from feedback.channels.email import trying
from feedback.models import Mailbox
from tests.factories.common import UserFactory
from tests.mailservers import PASSWORD, imap_server, smtp_server

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1")]
LIST = "admin:feedback_mailbox_changelist"
PAGE = "admin:feedback_mailbox_change"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def servers():
    with imap_server() as imap, smtp_server(signs_in=True) as (post, port):
        yield imap, post, port


@pytest.fixture
def mailbox(mailbox, servers):
    """With the right password, on both."""
    imap, _post, port = servers
    mailbox.imap_host, mailbox.imap_port, mailbox.imap_security = "127.0.0.1", imap.port, "none"
    mailbox.smtp_host, mailbox.smtp_port, mailbox.smtp_security = "127.0.0.1", port, "none"
    mailbox.username, mailbox.password = "care", vault.encrypt(PASSWORD)
    mailbox.save()
    return mailbox


@pytest.fixture
def staff(client):
    user = UserFactory()
    codes = ["change_mailbox", "view_mailbox"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def said(mailbox):
    return [(tried.is_good, tried.text) for tried in trying.try_out(mailbox)]


def reasons(mailbox):
    return [text.split("): ")[1] for _is_good, text in said(mailbox)]


def test_both_ways_work_and_nothing_is_changed(mailbox, servers):
    before, events = Mailbox.objects.values().get(), Event.objects.count()
    imap, post, port = servers
    assert said(mailbox) == [
        (True, f"care@shop.example · In: IMAP (127.0.0.1:{imap.port}): connected."),
        (True, f"care@shop.example · Out: SMTP (127.0.0.1:{port}): connected."),
    ]
    assert (Mailbox.objects.values().get(), Event.objects.count(), post.letters) == (before, events, [])


def test_a_wrong_password_is_told_and_not_shown(mailbox):
    mailbox.password = vault.encrypt("falsch-und-geheim")
    assert reasons(mailbox) == ["it does not take this user name and password."] * 2
    assert "falsch" not in str(said(mailbox))


def test_a_folder_that_is_not_there(mailbox):
    mailbox.folder = "Nowhere"
    assert reasons(mailbox) == ["signed in, but it has no such folder.", "connected."]


def test_nobody_at_the_port(mailbox):
    with socket.socket() as taken:  # bound and not listening: refused
        taken.bind(("127.0.0.1", 0))
        mailbox.imap_port = mailbox.smtp_port = taken.getsockname()[1]
        assert reasons(mailbox) == ["nothing answers at this port."] * 2


def test_a_server_that_stays_silent_is_not_waited_for_long(mailbox, monkeypatch):
    monkeypatch.setattr(trying, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mailbox.imap_port = mailbox.smtp_port = silent.getsockname()[1]
        assert reasons(mailbox) == ["it does not answer."] * 2


def test_encryption_that_the_server_does_not_speak(mailbox):
    mailbox.imap_security = mailbox.smtp_security = "tls"
    assert all("port and encryption may not belong together" in why for why in reasons(mailbox))
    mailbox.imap_security = mailbox.smtp_security = "starttls"
    assert all("encryption" in why for why in reasons(mailbox))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (socket.gaierror(-2, "secret"), "there is no server of this name."),
        (ssl.SSLCertVerificationError("secret"), "its certificate is not trusted or not its own."),
        (OSError("secret"), "it cannot be reached."),
    ],
)
def test_other_troubles_in_our_words(mailbox, monkeypatch, error, why):
    def fail(*_args, **_options):
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    assert reasons(mailbox) == [why] * 2


def test_a_port_that_cannot_be(mailbox):
    mailbox.imap_port = mailbox.smtp_port = 99_999
    assert [is_good for is_good, _text in said(mailbox)] == [False, False]


def test_a_password_whose_key_is_gone(mailbox):
    mailbox.password = "v1:damaged"
    assert reasons(mailbox) == ["A stored secret cannot be read. Enter it anew."] * 2


def test_without_servers_of_its_own(mailbox):
    mailbox.imap_host = mailbox.smtp_host = ""
    assert said(mailbox) == [(True, "care@shop.example · Out: SMTP (the installation's own): connected.")]


def test_the_action_says_it_in_the_language_of_the_person(mailbox, client, staff):
    content = {"action": "try_out", "_selected_action": [mailbox.pk]}
    shown = client.post(reverse(LIST), content, follow=True).content.decode()
    assert shown.count("): connected.") == 2
    client.cookies["django_language"] = "zh-hans"
    assert "连接成功" in client.post(reverse(LIST), content, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_was_typed_is_saved_and_tried(mailbox, client, staff):
    form = client.get(reverse(PAGE, args=[mailbox.pk])).context["adminform"].form
    content = {name: form[name].value() or "" for name in form.fields if not name.startswith("since")}
    content |= {
        "secret": "falsch-und-geheim",
        "feedback_mailbox_save_and_try": "1",
        "since_0": "",
        "since_1": "",
    }
    shown = client.post(reverse(PAGE, args=[mailbox.pk]), content, follow=True).content.decode()
    assert shown.count("it does not take this user name and password") == 2
    assert "falsch" not in shown
    mailbox.refresh_from_db()
    assert vault.decrypt(mailbox.password) == "falsch-und-geheim"


def test_who_may_only_look_may_not_try(mailbox, client, staff, monkeypatch):
    monkeypatch.setattr(trying, "try_out", lambda _mailbox: pytest.fail("tried"))
    staff.user_permissions.remove(Permission.objects.get(codename="change_mailbox"))
    shown = client.get(reverse(LIST)).content.decode()
    assert "try_out" not in shown
    client.post(reverse(LIST), {"action": "try_out", "_selected_action": [mailbox.pk]})
    assert (
        client.post(reverse(PAGE, args=[mailbox.pk]), {"feedback_mailbox_save_and_try": "1"}).status_code
        == 403
    )


def test_looking_tries_nothing(mailbox, client, staff, monkeypatch):
    monkeypatch.setattr(trying, "try_out", lambda _mailbox: pytest.fail("tried"))
    client.get(reverse(LIST), {"action": "try_out", "_selected_action": mailbox.pk})
    client.get(reverse(PAGE, args=[mailbox.pk]), {"feedback_mailbox_save_and_try": "1"})


def test_many_at_once_are_not_tried(mailbox, client, staff, monkeypatch):
    monkeypatch.setattr(trying, "try_out", lambda _mailbox: pytest.fail("tried"))
    more = [Mailbox.objects.create(name=f"{n}", address=f"{n}@shop.example") for n in range(3)]
    chosen = [one.pk for one in (mailbox, *more)]
    shown = client.post(reverse(LIST), {"action": "try_out", "_selected_action": chosen}, follow=True)
    assert "Choose 3 mailboxes at most" in shown.content.decode()


def test_a_server_inside_our_own_network_is_not_asked(mailbox, settings):
    settings.INTERNAL_HOSTS = []
    assert {is_good for is_good, _text in said(mailbox)} == {False}
    assert all("inside our own network" in reason for reason in reasons(mailbox))
