"""A member's own orders, coupons, points and notices, and nobody else's."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from compensation.models import Member
from config.common.models import RateCount
from tests.factories.compensation import MemberFactory
from tests.factories.orders import (
    PLACED,
    CouponFactory,
    NoticeFactory,
    OrderFactory,
    OrderLineFactory,
    ShipmentFactory,
    give_points,
)
from tests.factories.session import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("P2")]


@pytest.fixture
def member() -> Member:
    return MemberFactory()


@pytest.fixture
def client(member: Member) -> APIClient:
    return client_of(member)


def queries(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def some_order(member: Member, **fields: object) -> object:
    order = OrderFactory(member=member, **fields)
    shipment = ShipmentFactory(order=order, shipped_at=PLACED + timedelta(hours=20))
    OrderLineFactory(order=order, shipment=shipment)
    OrderLineFactory(order=order, shipment=shipment)
    return order


ZONE = b64encode(b"p=0199-08-19+20%3A04%3A55%2B20%3A00").decode()
LATE = b64encode(b"p=9999-12-31+23%3A59%3A59-05%3A00").decode()
CURSORS = ["x", "cD1hYmM=", "cD0yMDI2LTEzLTQx", "bz05OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "cD0lMDA=", ZONE, LATE]

MAKE = {
    "/api/v1/orders/": some_order,
    "/api/v1/coupons/": lambda member: CouponFactory(member=member),
    "/api/v1/points/statement/": lambda member: give_points(member, 5),
    "/api/v1/notices/": lambda member: NoticeFactory(member=member),
}


@pytest.mark.parametrize("path", MAKE)
def test_a_list_shows_mine_only(client: APIClient, member: Member, path: str) -> None:
    assert client.get(path).data["results"] == []
    MAKE[path](member)
    MAKE[path](MemberFactory())
    assert len(client.get(path).data["results"]) == 1


@pytest.mark.parametrize("path", MAKE)
def test_a_list_asks_the_database_as_often_for_three_rows_as_for_one(
    client: APIClient, member: Member, path: str
) -> None:
    MAKE[path](member)
    one = queries(client, path)
    MAKE[path](member)
    MAKE[path](member)
    assert queries(client, path) == one


@pytest.mark.parametrize("path", MAKE)
def test_pages_follow_each_other_without_gap_or_overlap(client: APIClient, member: Member, path: str) -> None:
    for _ in range(5):
        MAKE[path](member)
    seen, page = [], client.get(path, {"page_size": 2}).data
    while True:
        seen += [row["id"] for row in page["results"]]
        if not page["next"]:
            break
        page = client.get(page["next"]).data
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    "cursor",
    ["x", "cD1hYmM=", "cD0yMDI2LTEzLTQx", "bz05OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "cD0lMDA=", ZONE, LATE],
)
@pytest.mark.parametrize("path", MAKE)
def test_a_cursor_that_was_made_up_is_not_found(
    client: APIClient, member: Member, path: str, cursor: str
) -> None:
    MAKE[path](member)
    assert client.get(path, {"cursor": cursor}).status_code in {200, 404}


@pytest.mark.parametrize("path", MAKE)
def test_without_a_token_a_list_is_closed(path: str) -> None:
    assert APIClient().get(path).status_code == 401


def test_an_order_shows_promise_beside_fact(client: APIClient, member: Member) -> None:
    order = some_order(member)
    shown = client.get(f"/api/v1/orders/{order.pk}/").data
    assert shown["total"] == {"fen": 12_900, "currency": "CNY"}
    steps = {step["name"]: step for step in shown["journey"]}
    assert steps["shipped"]["late_seconds"] == 0
    assert steps["delivered"]["happened_at"] is None
    assert steps["delivered"]["late_seconds"] > 0
    assert steps["delivered"]["promised_at"].endswith("+08:00")
    assert len(shown["lines"]) == 2


@pytest.mark.parametrize("make", ["orders", "coupons"])
def test_what_is_somebody_elses_is_not_found(client: APIClient, make: str) -> None:
    row = MAKE[f"/api/v1/{make}/"](MemberFactory())
    assert client.get(f"/api/v1/{make}/{row.pk}/").status_code == 404
    assert client.get(f"/api/v1/{make}/99999999999999999999/").status_code == 404


def test_orders_can_be_filtered_and_ordered(client: APIClient, member: Member) -> None:
    old = some_order(member, placed_at=PLACED - timedelta(days=9), status="delivered")
    new = some_order(member)

    def numbers(**query: object) -> list[str]:
        return [row["number"] for row in client.get("/api/v1/orders/", query).data["results"]]

    assert numbers() == [new.external_id, old.external_id]
    assert numbers(ordering="placed_at") == [old.external_id, new.external_id]
    assert numbers(status="delivered") == [old.external_id]
    assert numbers(placed_from=PLACED.isoformat()) == [new.external_id]
    assert numbers(placed_before=PLACED.isoformat()) == [old.external_id]


@pytest.mark.parametrize(
    "query", [{"status": "lost"}, {"placed_from": "soon"}, {"placed_from": "9999-12-31T23:59:59-05:00"}]
)
def test_a_filter_that_makes_no_sense_is_refused(client: APIClient, query: dict) -> None:
    assert client.get("/api/v1/orders/", query).status_code == 400


def test_points_are_counted(client: APIClient, member: Member) -> None:
    give_points(member, 100, -30)
    found = client.get("/api/v1/points/").data
    assert {name: found[name] for name in ("balance", "available", "pending", "owed")} == {
        "balance": 70,
        "available": 70,
        "pending": 0,
        "owed": 0,
    }
    statement = client.get("/api/v1/points/statement/").data["results"]
    assert [(row["amount"], row["balance_after"]) for row in statement] == [(-30, 70), (100, 100)]


def test_a_notice_is_read_once_and_only_by_its_member(client: APIClient, member: Member) -> None:
    mine, other = NoticeFactory(member=member), NoticeFactory()
    first = client.post(f"/api/v1/notices/{mine.pk}/read/").data["read_at"]
    assert first
    assert client.post(f"/api/v1/notices/{mine.pk}/read/").data["read_at"] == first
    assert client.post(f"/api/v1/notices/{other.pk}/read/").status_code == 404
    other.refresh_from_db()
    assert other.read_at is None


def test_all_notices_are_read_at_once(client: APIClient, member: Member) -> None:
    NoticeFactory(member=member)
    other = NoticeFactory()
    assert len(client.get("/api/v1/notices/", {"unread": "true"}).data["results"]) == 1
    assert client.post("/api/v1/notices/read/").status_code == 204
    assert client.get("/api/v1/notices/", {"unread": "true"}).data["results"] == []
    other.refresh_from_db()
    assert other.read_at is None


def test_a_member_chooses_a_language_and_nothing_else(client: APIClient, member: Member) -> None:
    answer = client.patch("/api/v1/me/", {"language": "en", "name": "x", "external_id": "y"})
    assert answer.data["language"] == "en"
    member.refresh_from_db()
    assert (member.language, member.name != "x", member.external_id != "y") == ("en", True, True)
    assert client.patch("/api/v1/me/", {"language": "xx"}).status_code == 400


def test_a_broken_body_is_refused(client: APIClient) -> None:
    answer = client.patch("/api/v1/me/", "{", content_type="application/json")
    assert answer.status_code == 400
    assert client.patch("/api/v1/me/", "x", content_type="text/plain").status_code == 415
    assert client.delete("/api/v1/me/").status_code == 405


def test_too_many_requests_are_refused_for_this_member_alone(client: APIClient, settings: Settings) -> None:
    settings.API_REQUESTS_A_MINUTE = {"read": 2, "write": 1}
    assert [client.get("/api/v1/me/").status_code for _ in range(3)] == [200, 200, 429]
    assert [client.patch("/api/v1/me/").status_code for _ in range(2)] == [200, 429]
    refused = client.get("/api/v1/me/")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert client_of(MemberFactory()).get("/api/v1/me/").status_code == 200
    assert RateCount.objects.count() == 3
