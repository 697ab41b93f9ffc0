"""What the gateway and the shop tell us: signed, once, of their own refunds and parcels alone."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from compensation.grants import parcels
from compensation.grants.commands import Content, request
from compensation.models import Grant, RefundOrder
from compensation.refunds import commands
from config.common import webhooks
from config.common.models import IdempotencyKey
from tests.factories.compensation import MemberFactory
from tests.factories.refunds import make_order, refund
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6")]
SHOP, GATEWAY = webhooks.new_secret(), webhooks.new_secret()
REFUND, PARCEL = "shop/refunds", "shop/parcels"


@pytest.fixture(autouse=True)
def keys(settings):
    settings.SHOP_API_SECRETS = [SHOP]
    settings.REFUND_GATEWAY_SECRETS = [webhooks.new_secret(), GATEWAY]


def tell(path, content, secret=SHOP, *, number="msg_1", at=None, signed=None, **headers):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    signed = webhooks.sign(
        [secret], message_id=number, at=at or timezone.now(), body=body if signed is None else signed
    )
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in {**signed, **headers}.items()}
    return APIClient().post(f"/api/v1/{path}/", body, content_type="application/json", **given)


def word(one, status="succeeded", **more):
    return {"number": one.number, "status": status, "amount_fen": one.amount_fen, "reference": "S7", **more}


def handed(settings):
    settings.REFUND_GATEWAY_URL = "http://127.0.0.1:9/"
    return refund(make_order())


def parcel():
    return request(
        key="k", cause="c", member=MemberFactory(), reason="x", actor=None, at=timezone.now(),
        content=Content(kind="gift", gift="cup", amount_fen=3_000),
    )  # fmt: skip


def stands(one):
    return RefundOrder.objects.get(pk=one.pk).status


def test_the_gateway_calls_back_before_and_after_we_know(settings):
    one = handed(settings)
    for number in ("a", "b", "b"):
        answer = tell("gateway/refunds", word(one), GATEWAY, number=number)
        assert (answer.status_code, answer.json()) == (200, {"number": one.number, "status": "confirmed"})
    assert RefundOrder.objects.get().reference == "S7"


def test_a_time_out_then_its_callback(settings):
    one = handed(settings)
    commands.begin_try(refund_id=one.pk, at=timezone.now())
    commands.unanswered(refund_id=one.pk, at=timezone.now())
    assert tell("gateway/refunds", word(one, "pending"), GATEWAY, number="1").json()["status"] == "sent"
    assert tell("gateway/refunds", word(one, "failed", reason="x"), GATEWAY, number="2").json() == {
        "number": one.number,
        "status": "failed",
    }


def test_the_shop_says_that_it_paid_what_waits_for_somebody():
    one = refund(make_order())
    assert tell(REFUND, word(one)).json() == {"number": one.number, "status": "confirmed"}


def test_neither_speaks_of_what_is_the_others(settings):
    ours = refund(make_order())
    theirs = handed(settings)
    assert tell(REFUND, word(theirs)).status_code == 409
    assert tell("gateway/refunds", word(ours), GATEWAY).status_code == 409
    assert tell(REFUND, word(ours), GATEWAY).status_code == 401
    assert tell("gateway/refunds", word(theirs), SHOP).status_code == 401
    assert {stands(ours), stands(theirs)} == {"created"}


def test_unsigned_changed_old_or_early_is_refused_and_leaves_nothing():
    one = refund(make_order())
    minutes = timedelta(minutes=6)
    good = json.dumps(word(one)).encode()
    for how in (
        {"secret": webhooks.new_secret()},
        {"signed": b"{}"},
        {"at": timezone.now() - minutes},
        {"at": timezone.now() + minutes},
        {"number": "x" * 201},
        {"HTTP_WEBHOOK_SIGNATURE": "v1,", "webhook-signature": "v1,x"},
        {"webhook-timestamp": "now"},
        {"webhook-id": ""},
    ):
        assert tell(REFUND, good, **how).status_code == 401, how
    assert APIClient().post(f"/api/v1/{REFUND}/", good, content_type="application/json").status_code == 401
    assert stands(one) == "created"
    assert not IdempotencyKey.objects.filter(scope__startswith="signed").exists()


def test_without_a_key_nobody_is_believed(settings):
    settings.SHOP_API_SECRETS = []
    one = refund(make_order())
    assert tell(REFUND, word(one)).status_code == 401
    assert tell(REFUND, word(one), "").status_code == 401


def test_the_same_message_with_other_content_is_refused():
    one, other = refund(make_order()), refund(make_order())
    assert tell(REFUND, word(one)).status_code == 200
    assert tell(REFUND, word(other)).status_code == 422
    assert stands(other) == "created"


def test_a_message_taken_once_is_answered_alike_and_changes_nothing():
    grant = parcel()
    taken = {"number": parcels.number_of(grant), "status": "taken", "reference": "A"}
    for _again in range(2):
        assert tell(PARCEL, taken).json()["status"] == "executed"
    assert Grant.objects.get().outcome == "A"


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"{", b"[]", b"null", b"7", b"[" * 100_000, b"\xff\xfe", b'{"number": "\\ud800"}',
        b'{"number": "\\u0000"}', b'{"number": {}}', b'{"number": 7, "status": "succeeded"}',
    ],
    ids=range(11),
)  # fmt: skip
@pytest.mark.parametrize("path", [REFUND, PARCEL])
def test_hostile_bodies_are_refused(path, bad):
    assert tell(path, bad).status_code in {400, 404}


def test_hostile_words_are_refused():
    one = refund(make_order())
    for more in (
        {"status": "done"}, {"status": None}, {"status": "not_found"}, {"status": []},
        {"amount_fen": 9_999}, {"amount_fen": None}, {"amount_fen": "10000"},
    ):  # fmt: skip
        assert (
            tell(REFUND, word(one, **more) if "status" not in more else word(one) | more).status_code == 400
        )
    for number in ("", "R1", "x" * 10_000, "' OR 1=1", None):
        assert tell(REFUND, word(one) | {"number": number}).status_code == 404
    assert stands(one) == "created"


def test_a_huge_body_is_refused_unread():
    assert tell(REFUND, b"x" * 300_000).status_code == 413


def test_long_texts_are_cut():
    one = refund(make_order())
    assert tell(REFUND, word(one, reference="x" * 5_000)).status_code == 200
    assert RefundOrder.objects.get().reference == "x" * 100


def test_who_signs_badly_too_often_is_held_off():
    one = refund(make_order())
    answers = [tell(REFUND, word(one), webhooks.new_secret()).status_code for _ in range(62)]
    assert (answers[0], answers[-1]) == (401, 429)


def test_a_parcel_is_taken_then_sent_or_refused_with_a_reason():
    grant = parcel()
    number = parcels.number_of(grant)
    assert tell(PARCEL, {"number": number, "status": "refused"}, number="1").status_code == 400
    assert tell(PARCEL, {"number": number, "status": "lost"}, number="2").status_code == 400
    assert tell(PARCEL, {"number": "G000000000", "status": "sent"}, number="3").status_code == 404
    sent = {"number": number, "status": "sent", "reference": "SF1"}
    assert tell(PARCEL, sent, number="4").json() == {"number": number, "status": "confirmed"}
    late = tell(PARCEL, {"number": number, "status": "refused", "reason": "x"}, number="5")
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")


@pytest.mark.django_db(transaction=True)
def test_the_same_callback_from_eight_threads_pays_once(settings):
    one = handed(settings)
    answers = at_once(*[lambda: tell("gateway/refunds", word(one), GATEWAY) for _ in range(8)])
    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "confirmed")}
