"""The pages of claims, the audit, hot spots and overturned gaps."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.claims import auditing
from feedback.gaps import commands, days
from feedback.models import AuditTerm, Claim, ClaimValue, Finding, Gap, GapDay, Overturned, ProductFact
from tests.factories.claims import BEGIN, claim, fact, kind
from tests.factories.feedback import StaffFactory
from tests.factories.shop import LineFactory, OrderFactory, ProductFactory, ShipmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F13")]
HOSTILE = "<script>alert(1)</script>最佳"


@pytest.fixture(autouse=True)
def terms():
    AuditTerm.objects.create(kind="absolute", term="最佳", source="第九条", suggestion="优质", why="x")


@pytest.fixture
def browser(client):
    def sign_in(role):
        client.force_login(StaffFactory(role=role))
        return client

    return sign_in


def url(name, *args):
    return reverse(f"admin:{name}", args=args)


def audited(text="最佳", **options):
    made = claim(text, **options)
    auditing.audit_claim(claim_id=made.pk, terms=auditing.terms_in_use(), at=BEGIN)
    return made


def late(**order):
    due = timezone.now() - timedelta(days=3)
    made = OrderFactory(status="delivered", **order)
    parcel = ShipmentFactory(order=made, delivered_at=due + timedelta(days=1), carrier="SF")
    line = LineFactory(order=made, shipment=parcel, deliver_by=due)
    commands.detect(at=timezone.now(), order_ids=[made.pk])
    days.catch_up(at=timezone.now())
    return Gap.objects.get(order=line.order)


@pytest.mark.parametrize(
    "name", ["claims", "findings", "hot_spots", "hot_spot", "overturned", "claim_channels"]
)
def test_a_page_takes_as_many_queries_for_three_rows_as_for_one(browser, name):
    client, counts = browser("supervisor"), []
    for rows in (1, 2):
        for number in range(rows):
            audited("最佳，48小时送达", key=f"{rows}{number}", product_id=ProductFactory().pk)
            Overturned.objects.create(gap=late(region=f"r{number}"), at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(name)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_is_typed_is_marked_and_never_run(browser):
    client = browser("moderator")
    shown = client.post(
        url("claim_check"), {"text": HOSTILE}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "<script>alert" not in shown
    assert '<mark class="is-absolute">最佳</mark>' in shown
    assert "第九条" in shown
    assert not Claim.objects.exists()
    assert client.post(url("claim_check"), {"text": "x" * 9_000, "product": "\0nobody"}).status_code == 200


def test_a_text_is_held_against_the_facts_of_a_product(browser):
    product = ProductFactory()
    fact(product, "material", "棉 80%, 聚酯纤维 20%", measure="composition")
    shown = browser("supervisor").post(url("claim_check"), {"text": "100%棉", "product": product.external_id})
    assert '<mark class="is-contradiction">100%棉</mark>' in shown.content.decode()


def test_a_claim_is_entered_audited_and_confirmed(browser):
    client = browser("supervisor")
    entered = {"channel": "advert", "text": "最佳，48小时送达", "valid_from": "2026-01-01T00:00"}
    answer = client.post(url("claim_new"), entered)
    made = Claim.objects.get()
    assert answer.url == url("claim", made.pk)
    assert Finding.objects.get().code == "最佳"
    value = ClaimValue.objects.get()
    client.post(url("claim_value", made.pk), {"value": value.pk, "state": "confirmed", "number": "36"})
    value.refresh_from_db()
    assert (value.state, value.number) == ("confirmed", 36)
    client.post(url("claim_value", made.pk), {"measure": "price", "text": "99元"})
    assert ClaimValue.objects.get(measure="price").number == 99
    assert client.post(url("claim_value", made.pk), {"measure": "price", "text": "?"}).status_code == 400
    other = claim("x", key="other")
    assert (
        client.post(url("claim_value", other.pk), {"value": value.pk, "state": "refused"}).status_code == 404
    )
    client.post(url("claim_end", made.pk))
    made.refresh_from_db()
    assert made.valid_to is not None
    assert client.get(url("claim", made.pk)).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"text": ""}, {"channel": "radio"}, {"product": "nobody"}, {"valid_to": "2025-01-01T00:00"}]
)
def test_a_claim_that_does_not_fit_comes_back_with_what_was_typed(browser, wrong):
    entered = {"channel": "advert", "text": "typed", "valid_from": "2026-01-01T00:00", **wrong}
    answer = browser("supervisor").post(url("claim_new"), entered)
    assert answer.status_code == 400
    assert not Claim.objects.exists()


def test_a_claim_that_is_changed_is_audited_again(browser):
    made = audited()
    client = browser("supervisor")
    assert client.get(url("claim_edit", made.pk)).status_code == 200
    changed = {
        "channel": "kol",
        "text": "优质",
        "valid_from": timezone.localtime(BEGIN).strftime("%Y-%m-%dT%H:%M"),
    }
    client.post(url("claim_edit", made.pk), changed)
    made.refresh_from_db()
    assert (made.channel, made.text, made.valid_from) == ("kol", "优质", BEGIN)
    assert Finding.objects.get().status == "fixed"


def test_findings_are_settled_from_the_queue(browser):
    made = audited("最 佳，" + HOSTILE)
    client = browser("supervisor")
    shown = client.get(url("findings")).content.decode()
    assert '<mark class="is-absolute">最 佳</mark>' in shown
    assert "<script>alert" not in shown
    one, other = Finding.objects.order_by("start")
    assert client.post(url("finding", one.pk), {"status": "accepted", "back": "queue"}).url == url("findings")
    assert client.post(url("finding", other.pk), {"status": "waived"}).status_code == 400
    client.post(url("finding", other.pk), {"status": "waived", "reason": "奖项"})
    assert set(made.findings.values_list("status", flat=True)) == {"accepted", "waived"}
    assert client.post(url("finding", 0), {"status": "open"}).status_code == 404
    assert browser("moderator").post(url("finding", other.pk), {"status": "open"}).status_code == 403


def test_a_word_is_previewed_and_kept(admin_client):
    audited("最舒适")
    answer = admin_client.post(url("feedback_auditterm_preview"), {"term": "最", "allowed_in": "最近"})
    assert "最舒适" in answer.content.decode()
    assert not Finding.objects.exists()
    given = {
        "kind": "absolute",
        "term": "最",
        "allowed_in": "最近\n最后",
        "source": "",
        "why": "",
        "is_active": "on",
    }
    admin_client.post(url("feedback_auditterm_add"), given)
    assert AuditTerm.objects.get(term="最").allowed_in == ["最近", "最后"]
    assert Claim.objects.get().audited_digest == ""


def test_only_who_may_see_words_previews_them(browser):
    assert browser("agent").post(url("feedback_auditterm_preview"), {"term": "最"}).status_code == 403


def test_a_fact_is_entered_and_ends_the_one_before(browser):
    product, price = ProductFactory(), kind("price", "price")
    fact(product, "price", "99")
    client = browser("supervisor")
    given = {
        "product": product.pk, "kind": price.pk, "text": "129",
        "valid_from_0": "2026-02-01", "valid_from_1": "00:00:00", "valid_to_0": "", "valid_to_1": "",
    }  # fmt: skip
    answer = client.post(url("feedback_productfact_add"), given)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert [row.text for row in ProductFact.objects.order_by("valid_from")] == ["99", "129"]
    refused = client.post(url("feedback_productfact_add"), {**given, "text": "面议"})
    assert refused.context["adminform"].form.errors
    assert ProductFact.objects.count() == 2


@pytest.mark.req("F12")
def test_a_hot_spot_opens_to_its_rows(browser):
    gap = late(region="西藏<b>")
    client = browser("agent")
    shown = client.get(url("hot_spots")).content.decode()
    assert "西藏&lt;b&gt;" in shown
    day = GapDay.objects.first().day.isoformat()
    rows = client.get(
        url("hot_spot"), {"aspect": "delivery", "by": "region", "value": "西藏<b>", "until": day}
    )
    assert gap.order.external_id in rows.content.decode()
    for hostile in ({"by": "fate"}, {"aspect": "fate"}, {"until": "9999-99-99"}):
        assert client.get(url("hot_spot"), hostile).status_code == 404
    assert client.get(url("hot_spots"), {"until": "0001-01-01"}).status_code == 400
    assert client.get(url("gap_cost")).status_code == 200


@pytest.mark.req("F12")
def test_an_overturned_gap_is_decided(browser):
    row = Overturned.objects.create(gap=late(), at=timezone.now())
    client = browser("supervisor")
    assert client.post(url("overturned_decide", row.pk), {"state": "stands", "note": ""}).status_code == 400
    assert client.post(url("overturned_decide", row.pk), {"state": "x", "note": "x"}).status_code == 400
    client.post(url("overturned_decide", row.pk), {"state": "stands", "note": "x"})
    row.refresh_from_db()
    assert row.state == "stands"
    assert browser("agent").get(url("overturned")).status_code == 403
