"""The demo shop: a short month, lived by the same commands as the screens use."""

from datetime import UTC, datetime, timedelta

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
from feedback.defaults import demo, demo_today
from feedback.models import (
    BreachNote,
    Case,
    ChatSession,
    Leave,
    Pause,
    PlaybookUse,
    Shift,
)

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


def test_every_page_has_something_to_show(month):
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


def test_steps_come_in_their_own_time(month):
    begins = FRIDAY - timedelta(days=demo.DAYS)
    assert all(begins < at <= FRIDAY for at, _step in demo_today.steps(month.staff, FRIDAY))
