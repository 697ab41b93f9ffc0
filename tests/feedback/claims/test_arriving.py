"""Facts and claims from the shop's systems and from files."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.common import webhooks
from feedback.claims import arriving
from feedback.models import Claim, FactKind, ProductFact
from tests.factories.claims import BEGIN, kind
from tests.factories.shop import ProductFactory
from tests.shop import Till

pytestmark = [pytest.mark.django_db, pytest.mark.req("F10")]


@pytest.fixture
def till(settings):
    settings.SHOP_API_SECRETS = []
    return Till()


def a_claim(key="c1", **more):
    return {"key": key, "channel": "advert", "text": "48小时送达", "valid_from": BEGIN.isoformat(), **more}


def a_fact(key="f1", **more):
    return {"key": key, "kind": "price", "text": "99", "valid_from": BEGIN.isoformat(), **more}


def test_claims_arrive_and_again_change_nothing(till):
    product = ProductFactory()
    rows = [a_claim(), a_claim("c2", product=product.external_id, channel="kol", url="https://x.example/1")]
    assert till.post("claims", {"claims": rows}).json() == {"changed": 2, "same": 0, "refused": []}
    assert till.post("claims", {"claims": rows}).json() == {"changed": 0, "same": 2, "refused": []}
    assert set(Claim.objects.values_list("key", "product", "channel")) == {
        ("c1", None, "advert"),
        ("c2", product.pk, "kol"),
    }


def test_one_that_does_not_fit_stops_no_other(till):
    rows = [a_claim(), a_claim("c2", product="nobody"), a_claim("c3", valid_to=BEGIN.isoformat())]
    answer = till.post("claims", {"claims": rows}).json()
    assert answer["changed"] == 1
    assert [(one["place"], one["field"]) for one in answer["refused"]] == [(1, "product"), (2, "valid_to")]


def test_facts_are_versions_whatever_order_they_come_in(till):
    product = ProductFactory()
    kind("price", "price")
    later = (BEGIN + timedelta(days=9)).isoformat()
    rows = [
        a_fact("f2", product=product.external_id, text="129", valid_from=later),
        a_fact(product=product.external_id),
        a_fact("f3", product=product.external_id, kind="fate"),
    ]
    answer = till.post("facts", {"facts": rows}).json()
    assert (answer["changed"], [one["place"] for one in answer["refused"]]) == (2, [2])
    first = ProductFact.objects.get(key="f1")
    assert (first.number, first.valid_to.isoformat()) == (99, later)
    assert till.post("facts", {"facts": rows[:2]}).json()["same"] == 2


@pytest.mark.parametrize(
    "content",
    [
        {}, {"claims": []}, {"claims": [{}]}, {"claims": [a_claim(channel="radio")]},
        {"claims": [a_claim(text="\0")]}, {"claims": [a_claim(), a_claim()]}, {"claims": "x"},
        {"claims": [a_claim(f"k{n}") for n in range(1_001)]}, {"claims": [a_claim(text="x" * 5_001)]},
    ],
)  # fmt: skip
def test_what_is_no_list_of_claims_is_refused_whole(till, content):
    assert till.post("claims", content).status_code == 400
    assert not Claim.objects.exists()


@pytest.mark.parametrize("path", ["claims", "facts"])
def test_nobody_but_the_shop(till, path):
    stranger = Till(secret=webhooks.new_secret())
    assert stranger.post(path, {"claims": [a_claim()]}).status_code == 401
    assert till.post(path, b"x" * 2_000_001).status_code == 413


def test_a_thousand_known_ones_take_few_queries_each():
    rows = [a_claim(f"k{n}") for n in range(3)]
    for row in rows:
        row["valid_from"] = BEGIN
    counts = []
    for some in (rows[:1], rows):
        arriving.take_claims(rows=some, actor=None, at=BEGIN)
        with CaptureQueriesContext(connection) as queries:
            arriving.take_claims(rows=some, actor=None, at=BEGIN)
        counts.append(len(queries))
    assert (counts[1] - counts[0]) / 2 <= 4


MAP = """
timezone: Asia/Shanghai
entities:
  product_fact:
    file: "facts.csv"
    fields: {key: key, product: product, kind: kind, text: text, valid_from: from}
  claim:
    file: "claims.csv"
    fields: {key: key, product: product, channel: channel, text: text, valid_from: from, url: url}
"""


def test_both_come_in_files_and_a_second_run_changes_nothing(tmp_path):
    product = ProductFactory()
    FactKind.objects.create(code="price", name="price", measure="price")
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "facts.csv").write_text(
        f"key,product,kind,text,from\nf1,{product.external_id},price,99,2026-01-01\nf2,nobody,price,9,2026-01-01\n"
    )
    (tmp_path / "claims.csv").write_text(
        f"key,product,channel,text,from,url\nc1,{product.external_id},advert,最佳,2026-01-01,\n"
        "c2,,radio,x,2026-01-01,\nc3,,kol,x,2026-01-01,ftp://x\n"
    )
    for _run in range(2):
        out = StringIO()
        files = [str(tmp_path / "facts.csv"), str(tmp_path / "claims.csv")]
        call_command("import_shop", *files, map=str(tmp_path / "map.yaml"), stdout=out, stderr=out)
    assert (ProductFact.objects.count(), Claim.objects.count()) == (1, 1)
    assert Claim.objects.get().product == product
