"""A gateway over real HTTP that loses, repeats, delays and garbles: nothing paid twice, every refund ends."""

import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as live_settings
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from compensation.ledger import queries as ledger
from compensation.ledger.check import differences
from compensation.models import OPEN_REFUNDS, Entry, RefundOrder, RefundStatus, Unit
from compensation.refunds import by_hand, gateway, sending
from compensation.refunds.gateway import NoAnswer
from config.common import outbox
from config.common.errors import NotPermitted, WrongState
from config.common.models import Event, OutboxMessage
from tests.factories.common import UserFactory
from tests.factories.refunds import make_order, refund, settler
from tests.gateway import FAULTS, SECRET, running
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def pay(settings):
    """A gateway that does as it is told, and we who believe in it."""
    settings.REFUND_GATEWAY_SECRETS = [SECRET]
    settings.REFUND_GATEWAY_SECONDS = 0.3
    with running(patience=0.3) as there:
        settings.REFUND_GATEWAY_URL = there.url
        yield there


def now():
    return datetime.now(UTC)


def in_turn(*faults):
    """These faults first, then none."""
    rest = list(faults)
    return lambda: rest.pop(0) if rest else "ok"


def work(rounds=1, *, at=None, step=2 * HOUR):
    """What workers do, as time goes by."""
    at = at or now()
    for _round in range(rounds):
        outbox.relay(at + MINUTE)
        sending.ask_due(at=at + MINUTE)
        at += step
    return at


def stands(one):
    one.refresh_from_db()
    return RefundStatus(one.status)


def books_agree(there):
    """Ours say of each refund what the gateway's say, and theirs never paid one twice."""
    assert not there.bad
    for one in RefundOrder.objects.all():
        paid = there.paid.get(one.number, 0)
        assert paid == (one.amount_fen if one.status == "confirmed" else 0), (one.number, one.status)
        held = sum(line.refunded_fen for line in one.order.lines.all())
        assert held == (one.amount_fen - one.freight_fen if one.status != "failed" else 0)
    sums = Entry.objects.filter(account__kind="paid").values_list("amount", flat=True)
    assert sum(sums) == sum(there.paid.values())
    assert list(differences()) == []


def test_paid_once_under_its_number_with_nothing_about_the_member(pay):
    one = refund(make_order(freight_fen=800), freight_fen=800, at=now())
    work()
    assert (stands(one), one.reference, one.tries) == ("confirmed", f"GW-{one.number}", 1)
    (asked,) = pay.requests
    assert asked == {
        "type": "refund", "number": one.number, "order": one.order.external_id, "amount_fen": 10_800,
        "currency": "CNY", "freight_fen": 800,
        "lines": [{"line": one.order.lines.get().external_id, "amount_fen": 10_000}],
    }  # fmt: skip
    assert OutboxMessage.objects.get(kind="refund").status == "sent"
    books_agree(pay)


@pytest.mark.parametrize(
    "fault", ["lose_request", "lose_answer", "late_answer", "garbage", "other", "broken"]
)
def test_without_an_answer_it_is_unknown_and_asked_about_before_it_is_sent_again(pay, fault):
    pay.fault = in_turn(fault)
    one = refund(make_order(), at=now())
    at = work()
    assert stands(one) == "unknown"
    work(at=at)
    assert stands(one) == "confirmed"
    kinds = [asked["type"] for asked in pay.requests]
    assert kinds == (["query", "refund"] if fault == "lose_request" else ["refund", "query"])
    books_agree(pay)


def test_what_is_worked_on_is_asked_about_until_it_is_paid(pay):
    pay.fault = in_turn("pending")
    one = refund(make_order(), at=now())
    at = work(3)
    assert stands(one) == "sent"
    assert OutboxMessage.objects.get(kind="refund").status == "sent"
    pay.work_off()
    work(12, at=at)
    assert stands(one) == "confirmed"
    books_agree(pay)


def test_refused_by_the_gateway_it_fails_and_can_be_tried_again(pay):
    pay.fault = in_turn("refuse")
    one = refund(make_order(), at=now())
    at = work()
    assert (stands(one), one.failure) == ("failed", "the account is closed")
    again = by_hand.retry(refund_id=one.pk, actor=settler(), at=at)
    work(at=at)
    assert stands(again) == "confirmed"
    assert pay.paid == {again.number: 10_000}
    assert ledger.balance(one.order.member, Unit.MONEY) == 0


def test_dead_for_a_week_it_is_sent_when_the_gateway_is_back(pay, settings):
    settings.OUTBOX_MAX_ATTEMPTS = 3
    pay.fault = lambda: "lose_request"
    one = refund(make_order(), at=now())
    at = work(6)
    assert OutboxMessage.objects.get(kind="refund").status == "dead"
    at = work(4, at=at, step=24 * HOUR)
    assert stands(one) == "unknown"
    pay.fault = lambda: "ok"
    work(3, at=at + 24 * HOUR, step=24 * HOUR)
    assert stands(one) == "confirmed"
    books_agree(pay)


def test_a_late_success_after_a_time_out_by_callback(pay):
    pay.fault = in_turn("late_answer")
    one = refund(make_order(), at=now())
    work()
    assert stands(one) == "unknown"
    sending.take(one, gateway.understood(pay.callbacks[0], one), at=now())
    assert stands(one) == "confirmed"
    work(3)
    assert [asked["type"] for asked in pay.requests] == ["refund"]
    books_agree(pay)


def test_a_gateway_that_contradicts_itself_moves_nothing_and_finance_is_told(pay):
    settler()
    paid, failed = refund(make_order(), at=now()), refund(make_order(), at=now())
    pay.fault = in_turn("ok", "refuse")
    work()
    first, second = (paid, failed) if stands(paid) == "confirmed" else (failed, paid)
    assert (stands(first), stands(second)) == ("confirmed", "failed")
    for one, status in ((first, "failed"), (second, "succeeded")):
        word = {"number": one.number, "status": status, "amount_fen": one.amount_fen}
        sending.take(one, gateway.understood(word, one), at=now())
    assert (stands(first), stands(second)) == ("confirmed", "failed")
    assert Event.objects.filter(kind="refund.contradicted").count() == 2
    assert OutboxMessage.objects.filter(kind="staff").count() == 3  # one tells that it failed


def test_one_that_cannot_be_taken_down_stops_no_other(pay, monkeypatch):
    ones = [refund(make_order(), at=now()) for _ in range(2)]
    pay.fault = in_turn("pending", "pending")
    work()
    pay.work_off()
    taken = sending.take

    def take(one, answer, **how):
        if one == ones[0]:
            raise RuntimeError
        taken(one, answer, **how)

    RefundOrder.objects.update(ask_at=now())
    monkeypatch.setattr(sending, "take", take)
    assert sending.ask_due(at=now()) == 2
    assert [stands(one) for one in ones] == ["sent", "confirmed"]
    monkeypatch.undo()
    RefundOrder.objects.filter(pk=ones[0].pk).update(ask_at=now())
    sending.ask_due(at=now())
    assert stands(ones[0]) == "confirmed"


def test_what_is_no_plain_answer_is_none(pay):
    one = refund(make_order(), at=now())
    good = {"number": one.number, "status": "succeeded", "amount_fen": one.amount_fen}
    assert gateway.understood(good, one).said == "succeeded"
    for bad in (
        None, [], "x", 7, {}, {**good, "number": "R2"}, {**good, "number": None}, {**good, "status": "done"},
        {**good, "status": ["succeeded"]}, {**good, "status": None}, {**good, "amount_fen": 9_999},
        {**good, "amount_fen": "10000"}, {"number": one.number, "status": "succeeded"},
    ):  # fmt: skip
        with pytest.raises(NoAnswer):
            gateway.understood(bad, one)
    odd = gateway.understood({**good, "reference": 7, "reason": "\0\ud800" + "x" * 500}, one)
    assert (odd.reference, len(odd.reason)) == ("", 100)


def test_without_a_gateway_it_waits_for_finance_and_is_handed_over_when_there_is_one(pay, settings):
    settings.REFUND_GATEWAY_URL = ""
    one, finance = refund(make_order(), at=now()), settler()
    work(3)
    assert (stands(one), OutboxMessage.objects.filter(kind="refund").count()) == ("created", 0)
    with pytest.raises(WrongState):
        by_hand.hand_over(refund_id=one.pk, actor=finance, at=now())
    settings.REFUND_GATEWAY_URL = pay.url
    with pytest.raises(NotPermitted):
        by_hand.hand_over(refund_id=one.pk, actor=UserFactory(), at=now())
    for _again in range(2):
        by_hand.hand_over(refund_id=one.pk, actor=finance, at=now())
    work()
    assert stands(one) == "confirmed"
    books_agree(pay)


def test_settled_by_hand_before_it_is_sent_the_gateway_never_hears_of_it(pay):
    one = refund(make_order(), at=now())
    by_hand.settle(refund_id=one.pk, reference="bank 7", actor=settler(), at=now())
    work(3)
    assert (stands(one), pay.requests) == ("confirmed", [])
    assert OutboxMessage.objects.get(kind="refund").status == "dropped"


def test_asked_again_at_once(pay):
    pay.fault = in_turn("pending")
    one, finance = refund(make_order(), at=now()), settler()
    work()
    pay.work_off()
    assert sending.ask_due(at=now()) == 0
    by_hand.ask_now(refund_id=one.pk, actor=finance, at=now())
    assert sending.ask_due(at=now()) == 1
    assert stands(one) == "confirmed"


@pytest.mark.parametrize("seed", range(5))
def test_at_random_nothing_is_paid_twice_and_every_refund_ends(pay, seed):
    chance = random.Random(seed)
    pay.fault = lambda: chance.choice(FAULTS)
    ones = [refund(make_order(1_000 + number), at=now()) for number in range(6)]
    at = now()
    for _round in range(6):
        at = work(at=at)
        for word in chance.sample(pay.callbacks, min(2, len(pay.callbacks))):  # late, repeated, out of order
            one = RefundOrder.objects.get(number=word["number"])
            sending.take(one, gateway.understood(word, one), at=at)
        if chance.random() < 0.5:
            pay.work_off()
    pay.fault = lambda: "ok"
    pay.work_off()
    work(10, at=at, step=24 * HOUR)
    assert not {stands(one) for one in ones} & set(OPEN_REFUNDS)
    books_agree(pay)


@how(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(faults=st.lists(st.sampled_from([one for one in FAULTS if one != "late_answer"]), max_size=6))
def test_whatever_befalls_one_refund_it_ends_once(pay, faults):
    pay.fault = in_turn(*faults)
    with transaction.atomic():
        one = refund(make_order(), at=now())
        at = work(8)
        pay.work_off()
        work(4, at=at, step=24 * HOUR)
        assert stands(one) not in OPEN_REFUNDS
        books_agree_of(one, pay)
        transaction.set_rollback(True)


def books_agree_of(one, there):
    assert not there.bad
    assert there.paid.get(one.number, 0) == (one.amount_fen if one.status == "confirmed" else 0)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_pay_each_once(pay):
    ones = [refund(make_order(1_000 + number), at=now()) for number in range(12)]
    chance = random.Random(1)
    pay.fault = lambda: chance.choice(["ok", "lose_answer", "lose_request", "pending"])
    for _round in range(3):
        assert not refused(at_once(*[lambda: work(2) for _ in range(3)]))
    pay.fault = lambda: "ok"
    pay.work_off()
    work(10, at=now() + 24 * HOUR, step=24 * HOUR)
    assert {stands(one) for one in ones} == {"confirmed"}
    books_agree(pay)


@pytest.mark.django_db(transaction=True)
def test_sent_by_two_at_once_it_is_paid_once(pay):
    one = refund(make_order(), at=now())
    message = OutboxMessage.objects.get(kind="refund")
    at_once(*[lambda: sending.send(message) for _ in range(4)])
    assert (stands(one), pay.paid[one.number]) == ("confirmed", one.amount_fen)
    books_agree(pay)


KILLED = """
import json, os, django
django.setup()
from django.db import connection
connection.settings_dict.update(json.loads(os.environ["THE_DATABASE"]))
from compensation.refunds import gateway, sending
from config.common import outbox
where = {
    "before it is sent": (gateway, "pay"),
    "after it was paid": (sending, "take"),
    "before the acknowledgement": (outbox, "_finish"),
}
module, name = where[os.environ["KILL"]]
setattr(module, name, lambda *args, **more: os._exit(9))
from django.utils import timezone
outbox.relay(timezone.now())
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("when", ["before it is sent", "after it was paid", "before the acknowledgement"])
def test_a_worker_killed_on_the_way_pays_nothing_twice(pay, when):
    one = refund(make_order(), at=now())
    known = {name: connection.settings_dict[name] for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD")}
    environment = {
        **os.environ,
        "THE_DATABASE": json.dumps(known), "KILL": when, "DJANGO_SETTINGS_MODULE": "tests.settings",
        "REFUND_GATEWAY_URL": pay.url, "REFUND_GATEWAY_SECRETS": SECRET,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=live_settings.BASE_DIR, env=environment, timeout=120, check=False
    )
    assert done.returncode == 9
    assert stands(one) == ("confirmed" if when == "before the acknowledgement" else "sent")
    assert OutboxMessage.objects.get(kind="refund").status == "pending"
    work(at=now() + outbox.LEASE)
    assert stands(one) == "confirmed"
    assert [asked["type"] for asked in pay.requests].count("refund") == 1
    assert pay.paid == {one.number: one.amount_fen}
    books_agree(pay)
