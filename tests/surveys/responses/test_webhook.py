"""The shop's systems hear of answers over real HTTP: signed, under one number, and no more than they may."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection

from config.common import webhooks
from config.common.models import OutboxMessage, OutboxStatus
from config.common.outbox import relay
from config.common.webhooks import BadSignature
from surveys.invitations import links
from surveys.models import QuestionKind, Response
from surveys.responses import spent
from surveys.responses.commands import answer
from surveys.responses.webhook import KIND
from tests.factories.answering import FORM, all_kinds
from tests.factories.compensation import T0, MemberFactory
from tests.factories.questionnaires import invitation, launched, one
from tests.factories.surveys import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S9")]

OLD, NEW = webhooks.new_secret(), webhooks.new_secret()
SAID = "这句话只给客服看"
WEEK = timedelta(days=7)
LATER = timedelta(hours=2)


@contextmanager
def listening(statuses):
    """A shop's server that answers with one status after the other, then with 200."""
    heard, left = [], list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard.append((headers, self.rfile.read(int(headers["content-length"])), self.path))
            self.send_response(left.pop(0) if left else 200)
            self.send_header("Location", "/inside/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):
            heard.append(({}, b"", self.path))

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", heard
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def shop(settings):
    """Begin to listen; gives what is heard."""
    servers = []

    def begin(*statuses):
        servers.append(listening(statuses))
        settings.SURVEY_WEBHOOK_URL, heard = servers[-1].__enter__()
        settings.SURVEY_WEBHOOK_SECRETS = [NEW, OLD]
        return heard

    yield begin
    for server in servers:
        server.__exit__(None, None, None)


def answered(**fields):
    campaign = launched(
        one(QuestionKind.CSAT, "csat"), one(QuestionKind.TEXT, "words", is_required=False), **fields
    )
    return answer(token=token_of(invitation(campaign)), answers={"csat": 5, "words": SAID}, at=T0)


def told():
    return OutboxMessage.objects.get(kind=KIND)


def test_it_is_signed_by_the_first_secret_and_tells_scores_and_no_words(shop):
    heard = shop()
    response = answered()
    assert relay(T0).sent == 1
    [(headers, body, _path)] = heard
    assert webhooks.verify([NEW], headers, body, at=datetime.now(UTC)) == 0
    for secrets, what in (([OLD], body), ([NEW], body.replace(b"5", b"1"))):
        with pytest.raises(BadSignature):
            webhooks.verify(secrets, headers, what, at=datetime.now(UTC))
    content = json.loads(body)
    assert content["type"] == "survey.answered"
    assert content["data"] == {
        "campaign": response.wave.campaign.code,
        "wave": "1",
        "response": response.pk,
        "came": "asked",
        "member": response.invitation.member.external_id,
        "order": None,
        "case": None,
        "follow_up": None,
        "scores": {"csat": 5},
    }
    assert SAID not in body.decode()
    assert token_of(response.invitation) not in body.decode()


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_the_shop_cannot_take_now_comes_again_under_the_same_number(shop, status):
    heard = shop(status, status)
    answered()
    number = str(told().request_id)
    assert [relay(T0 + n * LATER).sent for n in range(4)] == [0, 0, 1, 0]
    assert [(headers["webhook-id"], headers["idempotency-key"]) for headers, _body, _path in heard] == [
        (number, number)
    ] * 3
    assert len({body for _headers, body, _path in heard}) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_the_shop_will_never_take_is_a_dead_letter_for_people_to_see(shop, status):
    heard = shop(status)
    answered()
    assert relay(T0).dead == 1
    assert relay(T0 + LATER).total == 0
    assert len(heard) == 1
    assert (told().status, told().last_error) == (OutboxStatus.DEAD, f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_nowhere(shop, status):
    """Who answers there could else have our server knock at whatever is inside."""
    heard = shop(status)
    answered()
    assert relay(T0).dead == 1
    assert [path for _headers, _body, path in heard] == ["/hook"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://shop.example/hook", "gopher://127.0.0.1:6379/"])
def test_only_http_is_spoken(shop, settings, url):
    shop()
    answered()
    settings.SURVEY_WEBHOOK_URL = url
    assert relay(T0).dead == 1


def test_nobody_there_is_tried_again(shop, settings):
    shop()
    answered()
    settings.SURVEY_WEBHOOK_URL = "http://127.0.0.1:9/"
    assert relay(T0).postponed == 1
    assert told().status == OutboxStatus.PENDING


def test_without_an_address_nobody_is_told(settings):
    settings.SURVEY_WEBHOOK_URL = ""
    answered()
    spent.tell_counts(at=T0 + WEEK, smallest=1)
    assert not OutboxMessage.objects.filter(kind=KIND).exists()


def test_what_was_put_before_the_address_was_taken_away_is_kept_for_people(shop, settings):
    heard = shop()
    answered()
    settings.SURVEY_WEBHOOK_URL = ""
    assert relay(T0).dead == 1
    assert not heard


def test_an_erased_member_and_an_answer_that_is_no_more_are_not_told_of(shop):
    heard = shop()
    first = answered()
    type(first.invitation.member).objects.filter(pk=first.invitation.member_id).update(erased_at=T0)
    answered().delete()
    assert relay(T0).dropped == 2
    assert not heard


@pytest.mark.parametrize("count", [4, 5])
def test_of_anonymous_answers_no_more_leaves_than_how_many_in_a_week(shop, client, count):
    heard = shop()
    campaign = all_kinds(is_anonymous=True)
    asked = [invitation(campaign, MemberFactory(name="欧阳建华")) for _n in range(count)]
    for one_ in asked:
        given = {**FORM, "q-text": SAID}
        client.post(f"/s/{token_of(one_)}/", given)
    assert Response.objects.count() == count
    assert not OutboxMessage.objects.filter(kind=KIND).exists()  # not at the moment of the answer
    week = Response.objects.values_list("week", flat=True).first()
    at = datetime.combine(week, datetime.min.time(), UTC) + WEEK + timedelta(hours=12)
    spent.mark_spent(at=at)
    for _again in range(2):
        spent.tell_counts(at=at, smallest=5)
    assert relay(datetime.now(UTC) + WEEK * 2).sent == 1
    [(_headers, body, _path)] = heard
    content = json.loads(body)
    assert content == {
        "type": "survey.counted",
        "timestamp": str(week),
        "data": {
            "campaign": campaign.code,
            "wave": "1",
            "week": str(week),
            "answers": count if count >= 5 else None,
        },
    }
    everything = body.decode() + "".join(headers_of(heard)) + rows_of("common_outboxmessage")
    for one_ in asked:
        leads = [one_.member.external_id, one_.member.name, token_of(one_), one_.nonce.hex, one_.digest]
        assert not [lead for lead in [*leads, links.draft_key(token_of(one_)), SAID] if lead in everything]
    assert not [pk for pk in Response.objects.values_list("pk", flat=True) if str(pk) in everything]


def headers_of(heard):
    return [f"{name}: {value}" for headers, _body, _path in heard for name, value in headers.items()]


def rows_of(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t::text FROM {table} t WHERE kind = %s", [KIND])
        return "".join(row for (row,) in cursor.fetchall())


def test_a_message_about_an_answer_tells_nothing_if_that_has_no_name(shop):
    """Somebody who writes into the outbox gets no anonymous answer out of it."""
    heard = shop()
    answered(is_anonymous=True)
    OutboxMessage.objects.create(
        kind=KIND, key="x", recipient="shop", payload={"response": Response.objects.get().pk},
        next_attempt_at=T0, created_at=T0,
    )  # fmt: skip
    assert relay(T0).dropped == 1
    assert not heard
