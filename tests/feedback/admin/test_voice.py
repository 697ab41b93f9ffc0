"""The pages that search reviews and show products' voices."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.common.models import Event
from feedback.models import Triage
from feedback.voice import days
from tests.factories.claims import claim
from tests.factories.compensation import ProductFactory
from tests.factories.feedback import ReviewFactory, StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14")]
HOSTILE = "<script>alert(1)</script>漏水"


@pytest.fixture
def browser(client):
    def sign_in(role):
        client.force_login(StaffFactory(role=role))
        return client

    return sign_in


def url(name, *args):
    return reverse(f"admin:{name}", args=args)


def written(product, text="杯子收到就漏水了", **options):
    review = ReviewFactory(
        order_line__product=product, text=text, written_at=timezone.now() - timedelta(hours=1), **options
    )
    Triage.objects.create(
        review=review, aspects=["product_quality"], tones={"product_quality": -0.5}, feeling="negative",
        sentiment=-0.5, keywords=["漏水"], read_at=timezone.now(),
    )  # fmt: skip
    return review


def kept():
    while days.catch_up():
        pass


def test_what_was_found_is_marked_and_never_markup(browser):
    product = ProductFactory(name="<b>杯子")
    written(product, HOSTILE, stars=1, title="<i>")
    kept()
    page = browser("agent").get(url("voice_search"), {"q": "漏水", "stars": ["1", "2"]}).content.decode()
    assert "<mark>漏水</mark>" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "<b>杯子" not in page
    told = browser("agent").get(url("voice", product.pk)).content.decode()
    assert "<script>alert" not in told
    assert "<b>杯子" not in told


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"q": "a & | ! ( ' :*"}, 200),
        ({"q": "字" * 10_000}, 200),
        ({"q": "杯\0子"}, 200),
        ({"q": "😀"}, 200),
        ({"product": "no such"}, 400),
        ({"stars": "9"}, 400),
        ({"since": "0001-01-01"}, 400),
        ({"until": "x"}, 400),
        ({"status": "x"}, 400),
        ({"after": "x"}, 404),
    ],
)
def test_whatever_is_asked_for_is_answered(browser, query, status):
    assert browser("agent").get(url("voice_search"), query).status_code == status


def test_more_are_fetched_below(browser, monkeypatch):
    monkeypatch.setattr("feedback.admin.voice_search.SIZE", 1)
    product = ProductFactory()
    for text in ("漏水一", "漏水二"):
        written(product, text)
    kept()
    client = browser("agent")
    first = client.get(url("voice_search"), {"q": "漏水"})
    after = first.context["found"].after
    more = client.get(url("voice_search"), {"q": "漏水", "after": after}, headers={"hx-request": "true"})
    assert "<html" not in more.content.decode()
    assert more.context["found"].after is None
    assert more.context["rows"][0][0].pk != first.context["rows"][0][0].pk


@pytest.mark.parametrize(("name", "query"), [("voice_search", {"q": "漏水"}), ("voices", {})])
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(browser, name, query):
    client, product, counts = browser("supervisor"), ProductFactory(), []
    for number in (1, 2):
        for _ in range(number):
            written(product)
            written(ProductFactory())
        kept()
        client.get(url(name), query)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url(name), query).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_list_goes_out_as_a_file_and_on_record(browser):
    written(ProductFactory(), "=漏水")
    written(ProductFactory(), "别的话")
    kept()
    client = browser("supervisor")
    answer = client.get(url("reviews_export", "csv"), {"q": "漏水", "stars": "5"})
    lines = b"".join(answer).decode().splitlines()
    assert len(lines) == 2
    assert "'=漏水" in lines[1]
    event = Event.objects.get(kind="list.exported")
    assert (event.data["rows"], "q" in event.data["filters"]) == (1, False)
    xlsx = client.get(url("reviews_export", "xlsx"), {"q": "漏水"})
    assert io.BytesIO(b"".join(xlsx)).read(2) == b"PK"
    assert client.get(url("reviews_export", "pdf")).status_code == 404
    assert client.get(url("reviews_export", "csv"), {"stars": "x"}).status_code == 404


def test_who_may_not_take_lists_out_gets_none(browser):
    assert browser("agent").get(url("reviews_export", "csv")).status_code == 403


def test_a_products_page_has_charts_with_their_tables(browser):
    product = ProductFactory(category="杯子")
    written(product, stars=1)
    claim("含绒量九成", product_id=product.pk)
    kept()
    page = browser("supervisor").get(url("voice", product.pk), {"days": "365"})
    assert set(page.context["charts"]) == {"mean", "stars", "ill", "well"}
    assert page.content.decode().count("<canvas") == 4
    assert "含绒量九成" in page.content.decode()
    assert page.context["told"].aspects[0].blame.text == "杯子收到就漏水了"


def test_what_a_role_may_not_see_is_left_out(browser):
    product = ProductFactory()
    written(product)
    claim("含绒量九成", product_id=product.pk)
    kept()
    assert "含绒量九成" not in browser("agent").get(url("voice", product.pk)).content.decode()
    assert browser("finance").get(url("voice", product.pk)).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [({"days": "1"}, 400), ({"days": "x"}, 400), ({"until": "9999-12-31"}, 400), ({"source": "\0"}, 200)],
)
def test_a_time_that_cannot_be_is_refused(browser, query, status):
    client = browser("agent")
    assert client.get(url("voice", ProductFactory().pk), query).status_code == status
    assert client.get(url("voices"), query).status_code == status


def test_a_product_without_reviews_says_so_and_one_that_is_not_there_is_not_found(browser):
    client = browser("agent")
    assert client.get(url("voice", ProductFactory().pk)).status_code == 200
    assert client.get(url("voice", 10**17)).status_code == 404


def test_pages_about_a_product_lead_to_its_voice(browser):
    product = ProductFactory()
    review = written(product)
    made = claim("含绒量九成", product_id=product.pk)
    client, link = browser("administrator"), url("voice", product.pk)
    for address in (
        url("feedback_review_change", review.pk),
        url("compensation_product_changelist"),
        url("claim", made.pk),
        f"{url('hot_spot')}?by=product&value={product.pk}",
    ):
        assert link in client.get(address).content.decode(), address
