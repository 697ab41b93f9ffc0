"""What is told of a product, and which products have moved."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import GapDay, Reply, ReviewStatus, Triage, VoiceDay
from feedback.voice import around
from feedback.voice.movement import moved
from feedback.voice.rules import last
from feedback.voice.search import matching
from feedback.voice.telling import tell
from tests.factories.claims import claim
from tests.factories.common import UserFactory
from tests.factories.compensation import ProductFactory
from tests.factories.feedback import ReviewFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14")]
AT = datetime(2026, 6, 30, 4, tzinfo=UTC)
SPAN = last(date(2026, 6, 30), 30)
DAY = timedelta(days=1)


def said(product, text="", *, stars=5, back=1, aspect="logistics", tone=0.0, **options):
    review = ReviewFactory(
        order_line__product=product, text=text, stars=stars, written_at=AT - back * DAY, **options
    )
    Triage.objects.create(
        review=review,
        aspects=[aspect],
        tones={aspect: tone},
        feeling="positive" if tone > 0 else "negative" if tone < 0 else "",
        sentiment=tone or None,
        keywords=text.split("，"),
        read_at=AT,
    )
    return review


def answered(review, hours, text="谢谢"):
    return Reply.objects.create(
        review=review, text=text, public_text=text, public_version=1, state="approved", user=UserFactory(),
        drafted_at=AT, at=review.written_at + timedelta(hours=hours),
    )  # fmt: skip


def test_a_product_is_told_beside_before_and_beside_its_category(keep):
    product, other = ProductFactory(category="杯子"), ProductFactory(category="杯子")
    ProductFactory(category="衣服")
    for stars in (1, 5):
        said(product, stars=stars)
    said(product, stars=4, back=31)
    said(other, stars=2, tone=-0.5)
    keep()
    told = tell(product, SPAN, at=AT)
    assert (told.now.n, told.now.mean.value) == (2, 3)
    assert (told.before.n, told.change.value) == (1, -1)
    assert (told.others.n, told.others.mean.value, told.others.spoken("logistics").ill.value) == (1, 2, 1)
    assert sum(sums.n for _part, sums in told.parts) == 2
    assert tell(other, last(date(2020, 1, 1), 30), at=AT).now.n == 0


def test_only_what_was_written_in_a_place_is_told_of_it(keep):
    product = ProductFactory()
    said(product, source="tmall")
    said(product)
    keep()
    assert tell(product, SPAN, "tmall", at=AT).now.n == 1


def test_quotes_are_typical_public_and_of_those_the_newest():
    product = ProductFactory()
    said(product, "快递太慢，等了很久", tone=-0.5, back=3)
    newest = said(product, "快递太慢，真的很慢", tone=-0.5, back=2)
    said(product, "盒子漂亮的不得了", tone=-0.5, back=1)
    said(product, "快递太慢，不公开", tone=-0.5, back=1, status=ReviewStatus.HELD)
    said(product, "快递太慢，删掉了", tone=-0.5, back=1, deleted_at=AT)
    good = said(product, "送得飞快，" + "好" * 300, tone=0.5)
    quotes = around.quotes(product.pk, SPAN)
    assert (quotes["logistics", False].review, quotes["logistics", False].of) == (newest.pk, 3)
    assert quotes["logistics", True].review == good.pk
    assert len(quotes["logistics", True].text) == around.LONGEST


def test_answers_count_what_everybody_may_read():
    product = ProductFactory()
    answered(said(product), 2)
    answered(said(product, stars=1), 10)
    withdrawn = answered(said(product), 50)
    Reply.objects.filter(pk=withdrawn.pk).update(
        state="withdrawn", public_text="", public_version=0, withdrawn_at=AT
    )
    said(product, stars=2)
    said(product, status=ReviewStatus.HELD)
    told = around.answers(product.pk, SPAN)
    assert (told.n, told.answered, told.unanswered, told.bad_unanswered) == (4, 2, 2, 1)
    assert told.median_hours == 6


def test_gaps_and_claims_are_told_where_somebody_may_see_them():
    product = ProductFactory()
    GapDay.objects.create(day=AT.date(), aspect="delivery", by="product", value=str(product.pk), n=4, gaps=1)
    GapDay.objects.create(day=AT.date(), aspect="delivery", by="product", value="0", n=4, gaps=1)
    claim("纯棉", product_id=product.pk)
    told = tell(product, SPAN, at=AT, gaps=True, claims=True)
    assert told.gaps["delivery"][-1][1].value == 0.25
    assert [(one.claim.text, one.findings) for one in told.claims] == [("纯棉", 0)]
    hidden = tell(product, SPAN, at=AT)
    assert (hidden.gaps, hidden.claims) == ({}, [])


def test_telling_costs_the_same_whatever_there_is(keep):
    product = ProductFactory(category="杯子")

    def cost():
        keep()
        with CaptureQueriesContext(connection) as seen:
            tell(product, SPAN, at=AT, gaps=True, claims=True)
        return len(seen)

    said(product, "快递太慢，真的很慢", tone=-0.5)
    claim("纯棉", product_id=product.pk)
    one = cost()
    for back in (2, 3):
        said(product, "盒子漂亮的不得了", tone=0.5, back=back, aspect="packaging")
    claim("不错", product_id=product.pk, key="c2")
    assert cost() == one


def test_the_surest_fall_comes_first_and_few_are_not_ranked(keep):
    fallen, noisy, few, risen = (ProductFactory(name=name) for name in ("fallen", "noisy", "few", "risen"))
    for _ in range(30):
        for product, before, now in ((fallen, 5, 3), (noisy, 5, 5), (risen, 2, 5)):
            ReviewFactory(order_line__product=product, stars=before, written_at=AT - 40 * DAY)
            ReviewFactory(order_line__product=product, stars=now, written_at=AT - DAY)
    ReviewFactory(order_line__product=noisy, stars=1, written_at=AT - DAY)
    ReviewFactory(order_line__product=few, stars=1, written_at=AT - DAY)
    ReviewFactory(order_line__product=few, stars=5, written_at=AT - 40 * DAY)
    keep()
    rows = moved(SPAN).part(0, 9)
    assert [row.product for row in rows] == [fallen, noisy, risen, few]
    assert [row.has_fallen for row in rows] == [True, False, False, False]
    assert rows[2].has_risen
    assert rows[3].change.is_small
    assert not moved(SPAN, source="tmall")
    assert not moved(SPAN, category="x")
    assert [row.product for row in moved(SPAN).part(1, 2)] == [noisy, risen]


def test_what_members_find_is_published_or_follows_what_is(keep):
    product = ProductFactory()
    first = ReviewFactory(order_line__product=product, text="杯子")
    ReviewFactory(
        order_line__product=product, text="漏水了", follows=first, stars=None, order_line=first.order_line
    )
    ReviewFactory(order_line__product=product, text="漏水", status=ReviewStatus.HELD)
    ReviewFactory(text="漏水")
    keep()
    assert matching(product.pk, "漏水") == [first.pk]
    assert matching(product.pk, "！！") == matching(product.pk, "没有") == []


def test_sums_are_read_by_their_index():
    products = ProductFactory.create_batch(20)
    days = [SPAN.until - timedelta(days=7 * place) for place in range(60)]
    VoiceDay.objects.bulk_create(
        VoiceDay(
            product=product, category=f"c{place}", day=day, source="portal", stars=[0] * 5, feelings=[0] * 4
        )
        for place, product in enumerate(products)
        for day in days
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_voiceday")
    in_time = VoiceDay.objects.filter(day__gte=SPAN.since, day__lte=SPAN.until)
    assert "voiceday_once" in in_time.filter(product=products[7]).explain()
    assert "voiceday_day" in in_time.explain()
    assert "voiceday_category" in VoiceDay.objects.filter(category="c7", day=days[3]).explain()
