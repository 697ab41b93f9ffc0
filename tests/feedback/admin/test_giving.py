"""Money back, goods again and gifts from the case page: forms, what they show, who may, what is refused."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.models import Grant, Notice, RefundOrder
from compensation.refunds import commands as refunds
from config.common.errors import Invalid
from feedback.admin.moves.giving import fen_in
from feedback.defaults.authority import seed_authority
from feedback.models import Remedy
from feedback.remedies.commands import Chosen, grant_for_case
from tests.factories.compensation import OrderLineFactory
from tests.factories.feedback import AgentFactory, CaseFactory, group
from tests.factories.refunds import make_order
from tests.factories.session import browser_of, client_of
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6")]


@pytest.fixture
def case(work):
    group("agent")
    seed_authority(timezone.now())
    order = make_order(20_000, 4_000, freight_fen=800)
    return CaseFactory(department=work.ours, member=order.member, order=order)


@pytest.fixture
def line(case):
    return case.order.lines.order_by("pk")[1]


def act(browser, case, move="grant", **fields):
    return browser.post(reverse("admin:case_act", args=[case.pk, move]), {"reason": "坏了", **fields})


def page(browser, case):
    return browser.get(reverse("admin:case", args=[case.pk])).content.decode()


def test_the_card_shows_what_can_still_be_refunded(browser, case, line):
    text = page(browser, case)
    assert f'name="yuan-{line.pk}" value="40.00"' in text
    assert "还可退 ¥40.00" in text
    assert "¥8.00" in text
    act(browser, case, kind="refund", line=line.pk, key="k", **{f"yuan-{line.pk}": "15.5"})
    one = RefundOrder.objects.get()
    text = page(browser, case)
    assert "还可退 ¥24.50" in text
    assert one.number in text


def test_a_form_without_a_key_gives_nothing(browser, case):
    for key in ({}, {"key": ""}):
        answer = act(browser, case, kind="gift", gift="杯子", worth="5", **key)
        assert answer.status_code == 400
    assert not Grant.objects.exists()
    assert act(browser, case, kind="gift", gift="杯子", worth="5", key="k").status_code == 302


def test_a_refund_with_freight_a_difference_goods_and_a_gift(browser, case, line):
    how = {"line": line.pk, f"yuan-{line.pk}": "10", f"quantity-{line.pk}": "1"}
    assert act(browser, case, kind="refund", key="1", freight="1", **how).status_code == 302
    assert act(browser, case, kind="price_difference", key="2", freight="1", **how).status_code == 302
    assert act(browser, case, kind="reshipment", key="3", **how).status_code == 302
    assert act(browser, case, kind="gift", key="4", gift="杯子", worth="9.9", **how).status_code == 302
    grants = {grant.kind: grant for grant in Grant.objects.all()}
    assert {kind: grant.cost_fen for kind, grant in grants.items()} == {
        "refund": 1_800, "price_difference": 1_000, "reshipment": 4_000, "gift": 990,
    }  # fmt: skip
    assert grants["gift"].gift == "杯子"
    assert Remedy.objects.filter(case=case).count() == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "refund"},
        {"kind": "refund", "line": "x"},
        {"kind": "refund", "line": "999999999"},
        {"kind": "refund", "line": "LINE"},
        {"kind": "refund", "line": "LINE", "yuan": "0"},
        {"kind": "refund", "line": "LINE", "yuan": "-5"},
        {"kind": "refund", "line": "LINE", "yuan": "NaN"},
        {"kind": "refund", "line": "LINE", "yuan": "1e9"},
        {"kind": "refund", "line": "LINE", "yuan": "9" * 40},
        {"kind": "refund", "line": "LINE", "yuan": "40.01"},
        {"kind": "price_difference", "line": "LINE", "yuan": "１"},
        {"kind": "reshipment", "line": "LINE", "quantity": "2"},
        {"kind": "gift", "gift": "x"},
        {"kind": "gift", "worth": "5"},
        {"kind": "gift", "gift": "x" * 300, "worth": "5"},
        {"kind": "money", "line": "LINE", "yuan": "5"},
    ],
)
def test_what_makes_no_sense_is_refused_with_what_was_typed(browser, case, line, fields):
    named = {
        f"{name}-{line.pk}" if name in {"yuan", "quantity"} else name: value for name, value in fields.items()
    }
    if named.get("line") == "LINE":
        named["line"] = line.pk
    response = act(browser, case, key="k", **named)
    assert response.status_code in {400, 404, 409}
    if response.status_code != 404:
        assert "坏了</textarea>" in response.content.decode()
    assert not Grant.objects.exists()


def test_amounts_as_people_write_them():
    assert [fen_in(text) for text in ("5", " ¥1,234.50 ", "0.01")] == [500, 123_450, 1]
    for text in (None, "", "abc", "1/2", "Infinity", "0.001", "５"):
        with pytest.raises(Invalid):
            fen_in(text)


def test_ones_own_request_is_changed_and_withdrawn(work, browser, case, line):
    how = {"line": line.pk, f"yuan-{line.pk}": "40"}
    first = case.order.lines.order_by("pk")[0]
    act(browser, case, kind="refund", key="1", line=first.pk, **{f"yuan-{first.pk}": "60"})
    grant = Grant.objects.get()
    assert grant.status == "requested"
    text = page(browser, case)
    assert f'<input type="hidden" name="grant" value="{grant.pk}">' in text
    assert (
        act(browser, case, "amend", grant=grant.pk, line=first.pk, **{f"yuan-{first.pk}": "70"}).status_code
        == 302
    )
    grant.refresh_from_db()
    assert (grant.status, grant.cost_fen, grant.reason) == ("requested", 7_000, "坏了")
    other = CaseFactory(department=work.ours)
    assert act(browser, other, "withdraw", grant=grant.pk).status_code == 404
    assert act(client_for(work.stranger), case, "withdraw", grant=grant.pk).status_code == 404
    assert act(browser, case, "amend", grant="x", **how).status_code == 400
    assert act(browser, case, "withdraw", grant=grant.pk).status_code == 302
    assert act(browser, case, "withdraw", grant=grant.pk).status_code == 409
    grant.refresh_from_db()
    assert grant.status == "withdrawn"


def test_somebody_elses_request_has_no_buttons(work, browser, case):
    first = case.order.lines.order_by("pk")[0]
    act(browser, case, kind="refund", key="1", line=first.pk, **{f"yuan-{first.pk}": "60"})
    lead = client_for(AgentFactory(leads=[work.ours], user__role="supervisor"))
    assert "/withdraw/" not in page(lead, case)
    assert act(lead, case, "withdraw", grant=Grant.objects.get().pk).status_code == 403


def test_the_number_of_queries_does_not_grow_with_remedies(
    work, browser, case, django_assert_max_num_queries
):
    def count():
        with CaptureQueriesContext(connection) as queries:
            page(browser, case)
        return len(queries)

    def give(*lines):
        for line in lines:
            grant_for_case(
                case_id=case.pk, kind="price_difference", lines=[Chosen(line.pk, amount_fen=100)], reason="x",
                key=f"k{line.pk}", actor=work.agent.user, at=timezone.now(),
            )  # fmt: skip

    more = OrderLineFactory.create_batch(3, order=case.order)
    give(more[0])
    one = count()
    give(*more[1:])
    assert count() == one


def test_the_member_sees_it_on_the_order_and_the_case(browser, case, line):
    act(browser, case, kind="refund", key="1", line=line.pk, **{f"yuan-{line.pk}": "10"})
    member, api = browser_of(case.member), client_of(case.member)
    one = RefundOrder.objects.get()
    paths = [reverse("portal:order", args=[case.order_id]), reverse("portal:case", args=[case.pk])]
    for path in paths:
        text = member.get(path).content.decode()
        assert one.number in text
        assert "正在退回给您" in text
    refunds.confirm(refund_id=one.pk, reference="secret-7", actor=None, at=timezone.now())
    for path in paths:
        text = member.get(path).content.decode()
        assert "已于" in text
        assert "secret-7" not in text
    (told,) = api.get(reverse("api:order", args=[case.order_id])).json()["refunds"]
    assert (told["number"], told["status"], told["amount"]["fen"]) == (one.number, "paid", 1_000)
    assert Notice.objects.filter(member=case.member, kind="refund.paid").exists()
