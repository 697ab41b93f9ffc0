"""Signing in to the portal, and its pages of orders, wallet and notices."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation.models import Member, MemberSession
from config.common.models import OutboxMessage
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
from tests.factories.session import browser_of, sign_in_browser

pytestmark = [pytest.mark.django_db, pytest.mark.req("P2")]
PHONE = "13800000001"
PAGES = ["", "orders/", "wallet/", "notices/", "cases/", "cases/new/"]


@pytest.fixture
def member() -> Member:
    return MemberFactory(phone=PHONE, name="李小姐", language="en")


@pytest.fixture
def browser(member: Member) -> Client:
    return browser_of(member)


def text(response: object) -> str:
    return response.content.decode()


def test_a_member_signs_in_with_a_code_and_comes_back(client: Client, member: Member) -> None:
    wanted = client.get("/portal/wallet/")
    assert wanted.status_code == 302
    page = client.get(wanted.url)
    back = re.findall(r'name="next" value="([^"]*)"', text(page))[-1]
    assert back == "/portal/wallet/"
    sent = client.post("/portal/sign-in/", {"contact": PHONE, "next": back}, follow=True)
    assert "138****0001" in text(sent)
    code = OutboxMessage.objects.get(kind="code").payload["code"]
    opened = client.post("/portal/sign-in/code/", {"code": code})
    assert opened.url == "/portal/wallet/"
    cookie = opened.cookies["member"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/portal/")
    assert client.get("/portal/").status_code == 200
    client.post("/portal/sign-out/")
    assert client.get("/portal/").status_code == 302
    assert MemberSession.objects.get().ended_at


def test_what_was_typed_stays_when_it_is_refused(client: Client, member: Member) -> None:
    refused = client.post("/portal/sign-in/", {"contact": "hello"})
    assert refused.status_code == 400
    assert 'value="hello"' in text(refused)
    client.post("/portal/sign-in/", {"contact": PHONE})
    wrong = client.post("/portal/sign-in/code/", {"code": "12"})
    assert wrong.status_code == 400
    assert 'value="12"' in text(wrong)
    assert not MemberSession.objects.exists()


def test_a_stranger_sees_the_same_pages(client: Client, member: Member) -> None:
    for contact in (PHONE, "13999999999"):
        sent = client.post("/portal/sign-in/", {"contact": contact})
        assert (sent.status_code, sent.url) == (302, "/portal/sign-in/code/")


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/portal/", "//evil.example/portal/", "/admin/", "javascript:alert(1)"]
)
def test_the_way_back_leads_nowhere_else(client: Client, wanted: str) -> None:
    assert 'name="next" value="/portal/"' in text(client.get("/portal/sign-in/", {"next": wanted}))


def test_the_sites_address_leads_to_the_portal(client: Client) -> None:
    assert client.get("/").url == "/portal/"


def test_the_second_step_needs_the_first(client: Client) -> None:
    assert client.get("/portal/sign-in/code/").url == "/portal/sign-in/"


@pytest.mark.parametrize("page", [*PAGES, "orders/1/", "cases/1/", "attachments/1/"])
def test_strangers_and_staff_sign_in_first(client: Client, admin_client: Client, page: str) -> None:
    for stranger in (client, admin_client):
        assert stranger.get(f"/portal/{page}").url.startswith("/portal/sign-in/")


def test_a_cookie_of_ones_own_making_opens_nothing(client: Client, member: Member) -> None:
    client.cookies["member"] = "abc:def:ghi"
    assert client.get("/portal/").status_code == 302
    sign_in_browser(client, "unknown")
    assert client.get("/portal/").status_code == 302


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_are_there_empty_and_closed_to_scripts_of_others(
    member: Member, browser: Client, page: str, language: str
) -> None:
    Member.objects.update(language=language)
    shown = browser.get(f"/portal/{page}")
    assert shown.status_code == 200
    assert "script-src 'self'" in shown["Content-Security-Policy"]
    assert "no-store" in shown["Cache-Control"]
    html = text(shown)
    assert f'lang="{"zh-CN" if language == "zh-hans" else "en"}"' in html
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", html)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


def full_house(member: Member) -> None:
    order = OrderFactory(member=member)
    parcel = ShipmentFactory(order=order, shipped_at=PLACED + timedelta(hours=30))
    OrderLineFactory(order=order, shipment=parcel)
    CouponFactory(member=member, expires_at=timezone.now() + timedelta(days=3))
    CouponFactory(member=member, expires_at=timezone.now() - timedelta(days=3))
    NoticeFactory(member=member)
    give_points(member, 50)


@pytest.mark.parametrize("page", PAGES[:4])
def test_three_rows_take_as_many_queries_as_one(member: Member, browser: Client, page: str) -> None:
    full_house(member)
    with CaptureQueriesContext(connection) as one:
        browser.get(f"/portal/{page}")
    full_house(member)
    full_house(member)
    with CaptureQueriesContext(connection) as three:
        browser.get(f"/portal/{page}")
    assert len(three) == len(one)


def test_an_order_shows_promise_beside_fact(member: Member, browser: Client) -> None:
    full_house(member)
    order = member.orders.get()
    html = text(browser.get(f"/portal/orders/{order.pk}/"))
    assert "6 h late" in html
    assert "Something is wrong with this order" in html


def test_what_is_somebody_elses_is_not_found(browser: Client) -> None:
    assert browser.get(f"/portal/orders/{OrderFactory().pk}/").status_code == 404
    other = NoticeFactory()
    assert browser.get(f"/portal/notices/{other.pk}/").status_code == 404
    other.refresh_from_db()
    assert other.read_at is None


def test_usable_coupons_show_their_code_and_the_rest_do_not(member: Member, browser: Client) -> None:
    full_house(member)
    html = text(browser.get("/portal/wallet/"))
    usable, gone = member.coupons.order_by("-expires_at")
    assert usable.code in html
    assert gone.code not in html
    assert "+50" in html


def test_a_notice_leads_into_the_portal_only_and_is_read(member: Member, browser: Client) -> None:
    inside = NoticeFactory(member=member, path="/portal/orders/")
    outside = NoticeFactory(member=member, path="https://evil.example/")
    assert browser.get(f"/portal/notices/{inside.pk}/").url == "/portal/orders/"
    assert browser.get(f"/portal/notices/{outside.pk}/").url == "/portal/notices/"
    NoticeFactory(member=member)
    assert '<span class="badge">1' in text(browser.get("/portal/"))
    browser.post("/portal/notices/read/")
    assert '<span class="badge">' not in text(browser.get("/portal/"))


def test_hostile_names_are_only_text(member: Member, browser: Client) -> None:
    NoticeFactory(member=member, title="<script>alert(1)</script>")
    Member.objects.update(name='"><img src=x onerror=alert(1)>')
    html = text(browser.get("/portal/notices/")) + text(browser.get("/portal/"))
    assert "<script>alert" not in html
    assert "<img src=x" not in html


def test_the_language_is_kept_with_the_member(member: Member, browser: Client) -> None:
    browser.post("/portal/language/", {"language": "zh-hans", "next": "/portal/orders/"})
    member.refresh_from_db()
    assert member.language == "zh-hans"
    assert "订单" in text(browser.get("/portal/orders/"))
    browser.post("/portal/language/", {"language": "xx"})
    member.refresh_from_db()
    assert member.language == "zh-hans"


def test_long_lists_go_on(member: Member, browser: Client) -> None:
    for number in range(23):
        OrderFactory(member=member, placed_at=PLACED + timedelta(hours=number))
    first = text(browser.get("/portal/orders/"))
    link = re.search(r'href="(\?after=[^"]+)"', first).group(1)
    second = text(browser.get(f"/portal/orders/{link}"))
    seen = re.findall(r"/portal/orders/(\d+)/", first + second)
    assert len(seen) == len(set(seen)) == 23
    for cursor in (
        "x_y",
        "0199-08-19T20:04:55+20:00_1",
        "9999-12-31T23:59:59-05:00_1",
        "2026-01-01_" + "9" * 30,
    ):
        assert browser.get("/portal/orders/", {"after": cursor}).status_code == 200


@pytest.mark.parametrize(
    "path", ["sign-out/", "language/", "notices/read/", "cases/new/", "cases/1/confirm/"]
)
def test_without_a_csrf_token_nothing_is_done(member: Member, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser_of(member).cookies
    assert strict.post(f"/portal/{path}").status_code == 403
