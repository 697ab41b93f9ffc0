"""The demo shop: a short month, lived by the same commands as the screens use."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from compensation.defaults import demo as shop
from compensation.models import (
    Batch,
    BatchStatus,
    Budget,
    Grant,
    GrantStatus,
    RefundOrder,
    RefundStatus,
)
from config.common.demo import password
from config.common.registry import DEFAULTS
from feedback.defaults import demo, demo_answers, demo_claims, demo_goods, demo_today
from feedback.models import (
    BreachNote,
    Case,
    ChatSession,
    Claim,
    Finding,
    Leave,
    Pause,
    PlaybookUse,
    Review,
    Shift,
)
from feedback.moderation.shingles import alike, shingles

pytestmark = [pytest.mark.django_db, pytest.mark.req("P5")]

FRIDAY = datetime(2026, 11, 20, 2, 40, tzinfo=UTC)  # 10:40 in Shanghai


@pytest.fixture
def month(tmp_path, settings, monkeypatch):
    settings.DATA_DIR = tmp_path
    assert password()
    monkeypatch.setattr(demo, "CASES", 40)
    monkeypatch.setattr(demo, "DAYS", 3)  # a month takes a minute
    for seed in DEFAULTS:
        seed(FRIDAY)
    shop.seed(FRIDAY)
    return demo.Month(FRIDAY)


@pytest.mark.long
def test_every_step_comes_in_its_own_time_and_every_page_has_something_to_show(month):
    begins = FRIDAY - timedelta(days=demo.DAYS)
    assert all(begins < at <= FRIDAY for at, _step in demo_today.steps(month.staff, FRIDAY))
    month.plan()
    month.live()
    assert Case.objects.filter(opened_at__lte=FRIDAY).count() == Case.objects.count() >= 40
    assert Pause.objects.filter(needs_review=True).exists()
    assert PlaybookUse.objects.exists()
    assert BreachNote.objects.exists()
    assert Shift.objects.count() == Leave.objects.filter(starts_at__gt=FRIDAY).count() == 2
    assert ChatSession.objects.filter(ended_at=None).count() == len(demo_today.CHATS)
    assert Budget.objects.exists()
    assert Grant.objects.filter(status=GrantStatus.REQUESTED).exists()
    assert RefundOrder.objects.filter(status=RefundStatus.CREATED).exists()
    assert set(Batch.objects.values_list("status", flat=True)) == {BatchStatus.DONE, BatchStatus.ASKED}
    assert Claim.objects.count() == len(demo_claims.SAID)
    assert set(Finding.objects.values_list("status", flat=True)) == {"open", "accepted", "waived"}
    written = Review.objects.filter(source="tmall").select_related("product")
    assert written.count() > 100
    assert all(about(review.product.name, review.text) for review in written if review.text)


def about(product, text):
    """Whether a text holds a phrase of its product, or is one that goes with anything."""
    own = demo_goods.phrases()["products"][product]
    said = {text for *_when, text in demo_answers.SAID}
    return text in said or any(phrase in text for phrase in own["praise"] + own["blame"])


def test_there_are_phrases_for_all_goods():
    known = demo_goods.phrases()
    assert set(known["categories"]) == set(shop.PRODUCTS)
    assert set(known["products"]) == {name for goods in shop.PRODUCTS.values() for name, _yuan in goods}


def test_no_review_reads_like_another():
    writer = demo_goods.Writer(Random(1))
    texts = [writer.text("儿童保温杯", "母婴", 1 + n % 5) for n in range(60)]
    said = [shingles(text) for text in texts if text]
    assert len(said) > 40
    assert all(alike(one, other) < 0.55 for place, one in enumerate(said) for other in said[:place])
