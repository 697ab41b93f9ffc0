"""The API that searches reviews and tells products' voices."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feedback.voice import days
from tests.factories.compensation import MemberFactory, ProductFactory
from tests.factories.feedback import ReviewFactory, StaffFactory
from tests.factories.session import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14")]
SEARCH, VOICES = "/api/v1/staff/reviews/", "/api/v1/staff/products/voice/"


@pytest.fixture
def staff(client):
    client.force_login(StaffFactory(role="agent"))
    return client


def written(product, text="杯子漏水了", **options):
    moment = timezone.now() - timedelta(hours=1)
    return ReviewFactory(order_line__product=product, text=text, written_at=moment, **options)


def kept():
    while days.catch_up():
        pass


def test_reviews_are_searched_and_narrowed_part_by_part(staff):
    product = ProductFactory(external_id="CUP")
    rows = [written(product, stars=stars) for stars in (1, 2, 5)]
    written(ProductFactory())
    kept()
    query = {"q": "漏水", "product": "CUP", "stars": [1, 2], "replied": "false", "size": 1}
    first = staff.get(SEARCH, query).json()
    assert [row["id"] for row in first["results"]] == [rows[1].pk]
    assert staff.get(SEARCH, {**query, "size": 2}).json()["number"] == 2
    assert ["漏水", True] in first["results"][0]["snippet"]
    second = staff.get(SEARCH, {**query, "after": first["after"]}).json()
    assert (second["after"], [row["id"] for row in second["results"]]) == (None, [rows[0].pk])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"q": "a & | ! ( ' :*"}, 200),
        ({"q": "\0"}, 400),
        ({"q": "字" * 10_000}, 400),
        ({"stars": "7"}, 400),
        ({"product": "none"}, 404),
        ({"after": "x"}, 400),
        ({"size": "1000"}, 400),
        ({"since": "0001-01-01"}, 400),
    ],
)
def test_whatever_is_asked_for_is_answered(staff, query, status):
    assert staff.get(SEARCH, query).status_code == status


def test_the_list_takes_as_many_queries_for_three_rows_as_for_one(staff):
    counts = []
    for number in (1, 2):
        for _ in range(number):
            written(ProductFactory())
        kept()
        with CaptureQueriesContext(connection) as seen:
            staff.get(SEARCH, {"q": "漏水"})
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_products_voice_is_told(staff):
    product = ProductFactory(external_id="CUP")
    written(product, stars=1)
    kept()
    told = staff.get("/api/v1/staff/products/CUP/voice/", {"days": 30}).json()
    assert (told["now"]["n"], told["now"]["mean"]["value"], told["claims"]) == (1, 1.0, [])
    assert told["now"]["mean"]["is_small"]
    assert staff.get("/api/v1/staff/products/none/voice/").status_code == 404
    assert staff.get("/api/v1/staff/products/CUP/voice/", {"days": 3}).status_code == 400
    moved = staff.get(VOICES, {"days": 30}).json()
    assert [row["product"] for row in moved["results"]] == ["CUP"]


@pytest.mark.parametrize("address", [SEARCH, VOICES, "/api/v1/staff/products/CUP/voice/"])
def test_it_is_for_staff_who_read_reviews(client, address):
    ProductFactory(external_id="CUP")
    assert client.get(address).status_code == 403
    client.force_login(StaffFactory(role="finance"))
    assert client.get(address).status_code == 403
    token = token_of(MemberFactory())
    client.logout()
    assert client.get(address, headers={"authorization": f"Bearer {token}"}).status_code == 403


def test_members_search_within_a_product(client):
    product = ProductFactory(external_id="CUP")
    mine = written(product)
    written(product, "别的话")
    kept()
    headers = {"authorization": f"Bearer {token_of(MemberFactory())}"}
    told = client.get("/api/v1/products/CUP/reviews/", {"q": "漏水 & |"}, headers=headers).json()
    assert [row["id"] for row in told["results"]] == [mine.pk]
    told = client.get("/api/v1/products/CUP/reviews/", headers=headers).json()
    assert len(told["results"]) == 2
