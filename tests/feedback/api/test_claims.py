"""Claims, findings and channels for staff by API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feedback.claims import auditing
from feedback.models import AuditTerm, ClaimValue, Finding, GapDay
from tests.factories.claims import BEGIN, claim, fact, promise
from tests.factories.feedback import StaffFactory
from tests.factories.shop import ProductFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F13")]
STAFF = "/api/v1/staff/"


def browser(role="supervisor"):
    client = Client()
    client.force_login(StaffFactory(role=role), backend="django.contrib.auth.backends.ModelBackend")
    return client


def act(client, path, **data):
    return client.post(f"{STAFF}{path}", data, content_type="application/json")


@pytest.fixture
def made():
    AuditTerm.objects.get_or_create(term="最佳", defaults={"kind": "absolute", "source": "第九条"})
    product = ProductFactory()
    fact(product, "delivery", "72", measure="delivery")
    one = claim("最佳品质，48小时送达", product_id=product.pk)
    auditing.catch_up(at=BEGIN)
    return one


def test_claims_are_listed_and_narrowed(made):
    claim("无", key="c2", channel="kol", valid_to=BEGIN + timedelta(days=1))
    client = browser()
    rows = client.get(f"{STAFF}claims/").json()["results"]
    assert {row["key"]: (row["findings_open"], row["promises"], row["suggestions"]) for row in rows} == {
        "c1": (2, 0, 1),
        "c2": (0, 0, 0),
    }
    for asked, keys in (
        ("channel=kol", ["c2"]),
        (f"product={made.product.external_id}", ["c1"]),
        ("product=none", []),
        ("state=now", ["c1"]),
        ("state=findings", ["c1"]),
        ("state=waiting", ["c1"]),
    ):
        found = client.get(f"{STAFF}claims/?{asked}").json()["results"]
        assert [row["key"] for row in found] == keys, asked
    assert client.get(f"{STAFF}claims/?state=x").status_code == 400


@pytest.mark.parametrize("path", ["claims/", "findings/"])
def test_lists_ask_the_same_for_one_row_and_three(made, path):
    client = browser()

    def asked():
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"{STAFF}{path}").status_code == 200
        return len(found)

    first = asked()
    for number in range(2):
        claim("最佳", key=f"more{number}", product_id=ProductFactory().pk)
    auditing.catch_up(at=BEGIN)
    assert asked() == first


def test_a_promise_is_confirmed_refused_and_added(made):
    client = browser()
    told = client.get(f"{STAFF}claims/{made.pk}/").json()
    assert [row["kind"] for row in told["findings"]] == ["absolute", "contradiction"]
    (value,) = told["values"]
    assert (value["measure"], value["number"], value["state"]) == ("delivery", "48.00", "suggested")
    said = act(client, f"claim-values/{value['id']}/decide/", state="confirmed", number="24")
    assert (said.status_code, said.json()["number"]) == (200, "24.00")
    assert act(client, f"claim-values/{value['id']}/decide/", state="suggested").status_code == 400
    assert act(client, "claim-values/0/decide/", state="refused").status_code == 404
    said = act(client, f"claims/{made.pk}/values/", measure="quality", number="4.5")
    assert (said.status_code, said.json()["promises"]) == (201, 2)
    for wrong in ({"measure": "quality", "number": "9"}, {"measure": "x"}, {"measure": "quality"}):
        assert act(client, f"claims/{made.pk}/values/", **wrong).status_code == 400
    assert act(client, f"claims/{made.pk}/end/").json()["valid_to"] is not None
    assert act(client, f"claims/{made.pk}/end/").status_code == 200
    assert act(client, "claims/0/end/").status_code == 404
    assert ClaimValue.objects.filter(state="confirmed").count() == 2


def test_a_finding_is_decided_by_who_may(made):
    client = browser()
    rows = client.get(f"{STAFF}findings/?kind=absolute&status=open&status=accepted&gone=false").json()
    (row,) = rows["results"]
    assert (row["words"], row["article"]) == ("最佳", "第九条")
    address = f"findings/{row['id']}/decide/"
    assert act(client, address, status="waived").status_code == 400  # no reason
    said = act(client, address, status="waived", reason="奖项名称").json()
    assert (said["status"], said["reason"]) == ("waived", "奖项名称")
    assert act(client, address, status="fixed").status_code == 409
    assert act(client, "findings/0/decide/", status="fixed").status_code == 404
    assert client.get(f"{STAFF}findings/?status=waived").json()["results"][0]["id"] == row["id"]
    other = Finding.objects.get(kind="contradiction")
    for role in ("agent", "analyst"):
        assert act(browser(role), f"findings/{other.pk}/decide/", status="fixed").status_code == 403
    other.refresh_from_db()
    assert other.status == "open"


def test_a_text_is_tried_out_about_a_product_a_category_or_nothing(made):
    client = browser()
    known = {"text": "最佳，48小时送达"}
    assert [row["kind"] for row in act(client, "claims/check/", **known).json()["findings"]] == [
        "absolute",
        "contradiction",
    ]
    told = act(client, "claims/check/", **known, product=made.product.external_id).json()
    assert [row["kind"] for row in told["findings"]] == ["absolute", "contradiction"]
    assert told["promises"][0]["number"] == "48.00"
    told = act(client, "claims/check/", **known, category="没有这个类目").json()
    assert [row["kind"] for row in told["findings"]] == ["absolute"]
    assert act(client, "claims/check/", text="x", product="none").status_code == 404
    assert act(client, "claims/check/", text="").status_code == 400


def test_channels_are_compared():
    promise("delivery", 48, at=timezone.now())
    day = timezone.localdate() - timedelta(days=2)
    GapDay.objects.create(day=day, aspect="delivery", by="source", value="advert", n=40, gaps=10)
    (row,) = browser().get(f"{STAFF}claims/channels/").json()
    assert (row["channel"], row["claims"], row["gap_rate"]["value"], row["stars"]["n"]) == (
        "advert", 1, 0.25, 0,
    )  # fmt: skip
    assert row["delivery_hours"]["value"] == 48
