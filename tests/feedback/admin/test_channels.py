import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from config.common import vault
from config.common.models import Event
from feedback.cases import commands
from feedback.channels.email import again, rules
from feedback.models import Call, Case, ChannelMessage, Mailbox, Outcome, WebhookKey, WebhookSource
from tests.factories.compensation import T0, MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.mail import letter, take
from tests.factories.webhooks import make_source, send

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1"), pytest.mark.req("P3")]
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def service(db):
    TierFactory()
    return DepartmentFactory(code="service", name="客服部", takes_new=True)


@pytest.fixture
def mailbox(service):
    return Mailbox.objects.create(name="客服", address="care@shop.example")


def browser(user):
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def admin():
    return browser(StaffFactory(is_superuser=True))


@pytest.fixture
def lead(service):
    return browser(AgentFactory(user=StaffFactory(role="team_lead"), leads=[service]).user)


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service])


MAILBOX = {
    "name": "客服", "address": "help@shop.example", "kind": "enquiry", "is_active": "on",
    "imap_host": "imap.example", "imap_port": "993", "imap_security": "tls", "folder": "INBOX",
    "smtp_port": "587", "smtp_security": "starttls", "username": "help", "tags_addresses": "on",
}  # fmt: skip


def test_a_password_is_kept_encrypted_and_never_shown(admin):
    add = reverse("admin:feedback_mailbox_add")
    assert admin.post(add, {**MAILBOX, "secret": " geheim "}).status_code == 302
    mailbox = Mailbox.objects.get(address="help@shop.example")
    assert vault.decrypt(mailbox.password) == " geheim "
    change = reverse("admin:feedback_mailbox_change", args=[mailbox.pk])
    page = admin.get(change).content.decode()
    assert "geheim" not in page
    assert mailbox.password not in page
    admin.post(change, {**MAILBOX, "name": "新"})
    mailbox.refresh_from_db()
    assert (mailbox.name, vault.decrypt(mailbox.password)) == ("新", " geheim ")


def test_no_other_variable_of_the_server_can_be_sent_to_a_mail_server(admin):
    answer = admin.post(reverse("admin:feedback_mailbox_add"), {**MAILBOX, "secret": "env:SECRET_KEY"})
    assert answer.status_code == 200
    assert not Mailbox.objects.exists()


@pytest.mark.parametrize("field", ["imap_host", "smtp_host"])
@pytest.mark.parametrize("host", ["10.0.0.1", "127.1", "169.254.169.254", "[::1]"])
def test_a_mail_server_inside_our_own_network_is_refused(admin, settings, field, host):
    settings.INTERNAL_HOSTS = []
    answer = admin.post(reverse("admin:feedback_mailbox_add"), {**MAILBOX, field: host})
    assert "inside our own network" in answer.content.decode()
    assert not Mailbox.objects.exists()


def test_the_list_says_which_mailbox_fails(admin, mailbox):
    Mailbox.objects.update(imap_host="x", failing_since=T0, checked_at=T0)
    page = admin.get(reverse("admin:feedback_mailbox_changelist")).content.decode()
    assert "failing since 11-18 10:00" in page


def test_a_new_key_is_shown_once_and_the_old_ends_in_a_day(admin):
    source, old = make_source()
    path = reverse("admin:feedback_webhooksource_changelist")
    answer = admin.post(path, {"action": "make_key", "_selected_action": [source.pk]})
    [said] = [str(one) for one in get_messages(answer.wsgi_request)]
    secret = re.search(r"whsec_\S+", said)[0]
    assert send(source, secret, {"external_id": "1", "sender_id": "1", "text": "x"}).status_code == 200
    assert send(source, old, {"external_id": "2", "sender_id": "1", "text": "x"}).status_code == 200
    first = WebhookKey.objects.order_by("pk").first()
    assert timedelta(hours=23) < first.expires_at - timezone.now() <= timedelta(days=1)
    admin.get(path)
    assert secret not in admin.get(path).content.decode()
    assert (
        secret
        not in admin.get(reverse("admin:feedback_webhooksource_change", args=[source.pk])).content.decode()
    )
    assert secret not in WebhookKey.objects.latest("pk").secret
    kinds = Event.objects.filter(subject_type="webhookkey").exclude(kind__startswith="config.")
    assert set(kinds.values_list("kind", flat=True)) == {"webhookkey.made"}


def test_a_key_is_ended_at_once(admin):
    source, secret = make_source()
    path = reverse("admin:feedback_webhookkey_changelist")
    admin.post(path, {"action": "end", "_selected_action": [WebhookKey.objects.get().pk]})
    assert send(source, secret, {"external_id": "1", "sender_id": "1", "text": "x"}).status_code == 401
    assert Event.objects.filter(kind="webhookkey.ended").count() == 1


SOURCE = {
    "name": "淘宝", "code": "tb", "channel": "marketplace", "kind": "enquiry", "is_active": "on",
    "keys-TOTAL_FORMS": "0", "keys-INITIAL_FORMS": "0",
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({"field_map": '{"text": "a.b"}'}, True),
        ({"field_map": '{"tekst": "a.b"}'}, False),
        ({"field_map": '{"event": "a.b"}'}, False),
        ({"field_map": '{"event": "a.b"}', "channel": "phone"}, True),
        ({"field_map": "{}", "reply_url": "https://x.example/r"}, True),
        ({"field_map": "{}", "reply_url": "ftp://x.example/r"}, False),
        ({"field_map": "{}", "reply_url": "http://169.254.169.254/latest/meta-data"}, False),
        ({"field_map": "{}", "reply_url": "http://localhost.:5432/"}, False),
        ({"field_map": "{}", "reply_url": "https://[::ffff:10.0.0.1]/"}, False),
    ],
    ids=str,
)
def test_a_source_is_checked_before_it_is_kept(admin, more, kept):
    admin.post(reverse("admin:feedback_webhooksource_add"), {**SOURCE, **more})
    assert WebhookSource.objects.exists() is kept


@pytest.mark.filterwarnings("error::django.utils.deprecation.RemovedInDjango60Warning")
def test_an_address_without_a_scheme_is_one_of_https(admin):
    more = {"field_map": "{}", "reply_url": "x.example/r"}
    admin.post(reverse("admin:feedback_webhooksource_add"), {**SOURCE, **more})
    assert WebhookSource.objects.get().reply_url == "https://x.example/r"


def test_what_was_set_aside_is_put_into_a_case_once(mailbox, lead, service):
    row = take(mailbox, letter(precedence="bulk"))
    path = reverse("admin:feedback_channelmessage_changelist")
    assert "Precedence: bulk" in lead.get(path).content.decode()
    for _try in range(2):
        lead.post(path, {"action": "into_case", "_selected_action": [row.pk], "outcome": ""})
    row.refresh_from_db()
    assert (row.outcome, row.case.subject) == (Outcome.TAKEN, "包裹破损")
    assert Case.objects.count() == 1
    assert "Precedence" not in lead.get(path).content.decode()


def test_what_cannot_be_read_stays_where_it_is(mailbox, lead):
    row = take(mailbox, b"Subject: from nobody\r\n\r\nx")
    path = reverse("admin:feedback_channelmessage_changelist")
    answer = lead.post(path, {"action": "into_case", "_selected_action": [row.pk]}, follow=True)
    assert "This letter cannot be read." in answer.content.decode()
    assert not Case.objects.exists()


def test_an_agent_reads_the_original_of_their_case_and_of_no_other(mailbox, agent):
    mine = take(
        mailbox, letter("看\n> 旧的", html='<p>看</p><img src="https://t.example/x.gif"><script>x</script>')
    )
    away = AgentFactory(departments=[DepartmentFactory()])
    path, page = (reverse(f"admin:{name}", args=[mine.pk]) for name in ("letter", "letter_page"))
    shown = browser(agent.user).get(path)
    assert "&gt; 旧的" in shown.content.decode()
    assert "wang@example.com" not in shown.content.decode()  # contacts are for whom may see them
    assert 'sandbox="allow-popups' in shown.content.decode()
    framed = browser(agent.user).get(page)
    assert "t.example" not in framed.content.decode()
    assert "<script" not in framed.content.decode()
    policy = framed["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    for address in (path, page):
        assert browser(away.user).get(address).status_code == 404
    aside = take(mailbox, letter(precedence="bulk", number=2))
    assert browser(agent.user).get(reverse("admin:letter", args=[aside.pk])).status_code == 404


def test_the_thread_shows_where_a_letter_came_from(mailbox, agent, lead):
    case = take(mailbox, letter()).case
    other = take(
        mailbox,
        letter("我是他丈夫", sender="x@other.example", number=2, to=tagged(case)),
        at=T0 + timedelta(hours=1),
    )
    again.take_in(row_id=other.pk, actor=agent.user, at=T0 + timedelta(hours=1))
    page = browser(agent.user).get(reverse("admin:case", args=[case.pk])).content.decode()
    assert "w***@example.com" in page
    assert page.count("another address") == 1
    assert reverse("admin:letter", args=[other.pk]) in page
    assert "wang@example.com" in lead.get(reverse("admin:case", args=[case.pk])).content.decode()


def tagged(case):
    return f"care+{rules.tag(case.pk)}@shop.example"


def test_a_recording_is_for_whom_may_hear_it(agent, lead, service):
    source, _secret = make_source("phone", "pbx")
    case = open_case()
    call = Call.objects.create(
        source=source, external_id="1", direction="in", case=case, number="13812345678", began_at=T0,
        rang_at=T0, answered_at=T0 + timedelta(seconds=8), ended_at=T0 + timedelta(seconds=200),
        recording_url="https://pbx.example/1.mp3",
    )  # fmt: skip
    path = reverse("admin:case", args=[case.pk])
    assert "pbx.example" not in browser(agent.user).get(path).content.decode()
    assert "answered after 8 s · talked 3:12" in browser(agent.user).get(path).content.decode()
    assert "pbx.example" in lead.get(path).content.decode()
    assert "13812345678" in lead.get(reverse("admin:feedback_call_changelist")).content.decode()
    Call.objects.filter(pk=call.pk).update(agent=agent)
    assert "pbx.example" in browser(agent.user).get(path).content.decode()


def open_case():
    member = MemberFactory()
    return commands.open_case(
        member=member, kind="enquiry", channel="phone", subject="x", body="x", actor=member, at=T0
    )


def rows(count, service):
    source, _secret = make_source("phone", f"s{count}")
    case = open_case()
    for number in range(count):
        Call.objects.create(source=source, external_id=str(number), direction="in", case=case, began_at=T0)
        ChannelMessage.objects.create(
            channel="email",
            direction="in",
            external_id=f"{count}-{number}",
            outcome="set_aside",
            at=T0,
            case=case,
        )


@pytest.mark.parametrize("name", ["call", "channelmessage"])
def test_the_lists_ask_no_more_for_more_rows(lead, service, name):
    path = reverse(f"admin:feedback_{name}_changelist")
    rows(1, service)
    lead.get(path)
    with CaptureQueriesContext(connection) as one:
        lead.get(path)
    rows(3, service)
    with CaptureQueriesContext(connection) as more:
        lead.get(path)
    assert len(more) == len(one)
