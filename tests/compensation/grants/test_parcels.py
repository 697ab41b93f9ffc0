"""Reshipments and gifts: the shop is asked under one number, and says what became of it."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from compensation.budgets.check import differences
from compensation.grants import parcels, shipping
from compensation.grants.commands import Content, Line, amend, request, reverse, withdraw
from compensation.models import Budget, Grant
from config.common import outbox, webhooks
from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.models import OutboxMessage
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, staff_with
from tests.factories.refunds import make_order, settler
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7")]
SECRET = webhooks.new_secret()


@pytest.fixture
def agent():
    return staff_with(5_000)


@pytest.fixture
def shop(settings):
    """A shop that answers with the statuses it is given, and keeps what it was asked."""
    asked, statuses = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            webhooks.verify([SECRET], self.headers, body, at=timezone.now())
            asked.append((self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.end_headers()

        def log_message(self, *_args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.SHOP_PARCEL_URL = f"http://127.0.0.1:{server.server_address[1]}/"
    settings.SHOP_API_SECRETS = [SECRET]
    server.asked, server.statuses = asked, statuses
    yield server
    server.shutdown()
    server.server_close()


def reship(order, actor, *, cause="c", **more):
    lines = [Line(order_line=line, **more) for line in order.lines.all()]
    return give(order.member, actor, Content(kind="reshipment", lines=lines), order=order, cause=cause)


def give(member, actor, content, *, cause="c", **more):
    return request(
        key=cause, cause=cause, member=member, content=content, reason="Broken", actor=actor, at=AT, **more
    )


def cup(fen=3_000, gift="a cup"):
    return Content(kind="gift", gift=gift, amount_fen=fen)


def now_relay():
    outbox.relay(timezone.now())


def test_the_shop_is_asked_under_one_number_and_taking_it_is_carrying_out(agent, shop):
    order = make_order(4_000)
    grant = reship(order, agent)
    assert (grant.status, grant.cost_fen, grant.amount_fen) == ("approved", 4_000, 4_000)
    shop.statuses[:] = [503, 200]
    now_relay()
    assert Grant.objects.get().status == "approved"
    outbox.relay(timezone.now() + outbox.LONGEST_DELAY)
    assert Grant.objects.get().status == "executed"
    line = order.lines.get()
    content = {
        "type": "reshipment", "number": parcels.number_of(grant), "member": order.member.external_id,
        "order": order.external_id, "gift": "",
        "lines": [{"line": line.external_id, "product": line.product.external_id, "quantity": 1}],
    }  # fmt: skip
    assert shop.asked == [(parcels.number_of(grant), content)] * 2


def test_what_the_shop_never_takes_is_a_dead_letter_and_waits_for_people(agent, shop):
    give(MemberFactory(), agent, cup())
    shop.statuses[:] = [422]
    now_relay()
    assert OutboxMessage.objects.get(kind=parcels.SHOP).status == "dead"
    assert Grant.objects.get().status == "approved"


def test_refused_before_it_was_sent_the_shop_is_not_asked(agent, shop):
    grant = give(MemberFactory(), agent, cup())
    shipping.told(grant=grant, what="refused", reason="sold out", actor=None, at=AT)
    now_relay()
    assert (shop.asked, OutboxMessage.objects.get(kind=parcels.SHOP).status) == ([], "dropped")


def test_without_an_address_people_say_what_became_of_it(agent):
    grant, finance = give(MemberFactory(), agent, cup()), settler()
    assert not OutboxMessage.objects.filter(kind=parcels.SHOP).exists()
    with pytest.raises(NotPermitted):
        shipping.told_by_hand(grant=grant, what="sent", text="SF1", actor=agent, at=AT)
    with pytest.raises(Invalid):
        shipping.told_by_hand(grant=grant, what="sent", text=" ", actor=finance, at=AT)
    done = shipping.told_by_hand(grant=grant, what="sent", text="SF1", actor=finance, at=AT)
    assert (done.status, done.outcome) == ("confirmed", "SF1")
    with pytest.raises(WrongState):
        shipping.told_by_hand(grant=grant, what="refused", text="x", actor=finance, at=AT)
    with pytest.raises(WrongState):
        reverse(grant_id=grant.pk, actor=staff_with(10**6, approves=True), note="x", at=AT)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["taken", "sent"], "confirmed"),
        (["sent", "taken"], "confirmed"),
        (["taken", "taken"], "executed"),
        (["refused", "refused"], "failed"),
        (["taken", "refused"], "failed"),
    ],
)
def test_what_the_shop_says_in_any_order(agent, words, status):
    grant = give(MemberFactory(), agent, cup())
    for word in words:
        shipping.told(grant=grant, what=word, reason="sold out", actor=None, at=AT)
    assert Grant.objects.get().status == status


def test_of_no_parcel_the_shop_says_nothing(agent):
    order = make_order(4_000)
    refund = give(
        order.member, agent, order=order,
        content=Content(kind="refund", lines=[Line(order_line=order.lines.get(), amount_fen=5)]),
    )  # fmt: skip
    with pytest.raises(WrongState):
        shipping.told(grant=refund, what="sent", actor=None, at=AT)
    for number in (parcels.number_of(refund), "", "G", "G1", "G-1", "G٣", "x", f"G{10**30}", "G00000000x"):
        with pytest.raises(NotFound):
            parcels.by_number(number)


def test_what_makes_no_sense_is_refused(agent):
    order, member = make_order(4_000), MemberFactory()
    line = order.lines.get()
    for content in (
        cup(gift=" "), cup(gift="x" * 201), cup(0), cup(-5), cup(None), cup(10**12),
        Content(kind="gift", gift="cup", amount_fen=5, points=5),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            give(member, agent, content)
    for lines, more in (
        ([], {}),
        ([Line(order_line=line, quantity=2)], {}),
        ([Line(order_line=line), Line(order_line=line)], {}),
        ([Line(order_line=line, amount_fen=1)], {}),
        ([Line(order_line=line)], {"gift": "cup"}),
    ):
        with pytest.raises(Invalid):
            give(order.member, agent, Content(kind="reshipment", lines=lines, **more), order=order)
    with pytest.raises(Invalid):
        give(order.member, agent, Content(kind="reshipment", lines=[Line(order_line=line)]))
    assert not Grant.objects.exists()


def test_goods_are_sent_again_once_whatever_it_is_for(agent):
    order, boss = make_order(4_000), staff_with(10**6)
    order.lines.update(quantity=3)
    reship(order, agent, cause="gap:1", quantity=2)
    waits = reship(order, staff_with(1), cause="case:2")
    for actor in (agent, boss, None):
        with pytest.raises(parcels.SentBefore):
            reship(order, actor, cause="case:3")
    line = Line(order_line=order.lines.get(), quantity=2)
    more = Content(kind="reshipment", lines=[line])
    with pytest.raises(parcels.SentBefore):
        amend(grant_id=waits.pk, content=more, reason="x", actor=waits.requested_by, at=AT)
    withdraw(grant_id=waits.pk, actor=waits.requested_by, at=AT)
    assert reship(order, agent, cause="case:3").status == "approved"


def test_what_was_lost_on_the_way_may_be_sent_once_more(agent):
    order, finance = make_order(4_000), settler()
    Budget.objects.create(starts_at=AT, ends_at=AT + timedelta(days=1), amount_fen=10_000)
    grant = reship(order, agent)
    with pytest.raises(WrongState):  # it was never sent
        shipping.told_by_hand(grant=grant, what="lost", text="x", actor=finance, at=AT)
    shipping.told(grant=grant, what="sent", reference="SF1", actor=None, at=AT)
    with pytest.raises(NotPermitted):
        shipping.told_by_hand(grant=grant, what="lost", text="x", actor=agent, at=AT)
    for _again in range(2):
        lost = shipping.told_by_hand(grant=grant, what="lost", text="Fell off", actor=finance, at=AT)
    assert (lost.status, lost.outcome, lost.confirmed_at) == ("failed", "Fell off", None)
    with pytest.raises(WrongState):
        shipping.told(grant=grant, what="sent", actor=None, at=AT)
    assert reship(order, agent, cause="again").status == "approved"
    with pytest.raises(parcels.SentBefore):
        reship(order, agent, cause="and again")
    assert not list(differences())


@pytest.mark.django_db(transaction=True)
def test_two_at_once_send_the_goods_again_once():
    order, agents = make_order(4_000), [staff_with(5_000) for _ in range(6)]
    results = at_once(
        *[lambda one=one, n=n: reship(order, one, cause=f"case:{n}") for n, one in enumerate(agents)]
    )
    assert [type(one) for one in refused(results)] == [parcels.SentBefore] * 5
    assert Grant.objects.count() == 1
