from datetime import timedelta

import pytest
from django.utils import timezone

from config.common import retention
from config.common.models import IdempotencyKey, OutboxMessage

pytestmark = pytest.mark.django_db


def message(key, status, age_days):
    created_at = timezone.now() - timedelta(days=age_days)
    sent_at = created_at if status == "sent" else None
    OutboxMessage.objects.create(
        kind="x", key=key, recipient="r", status=status, created_at=created_at, sent_at=sent_at,
        next_attempt_at=created_at,
    )  # fmt: skip


def test_what_is_done_and_old_is_forgotten_in_pieces(monkeypatch, settings):
    monkeypatch.setattr(retention, "BATCH", 2)
    settings.OUTBOX_KEEP_DAYS = 10
    for n in range(5):
        message(f"old {n}", "sent", 11)
    message("dropped", "dropped", 11)
    message("young", "sent", 9)
    message("dead", "dead", 400)
    message("waiting", "pending", 400)
    assert retention.forget(timezone.now()) == 6
    assert set(OutboxMessage.objects.values_list("key", flat=True)) == {"young", "dead", "waiting"}


def test_old_idempotency_keys_are_forgotten(settings):
    settings.IDEMPOTENCY_KEEP_DAYS = 30
    old = IdempotencyKey.objects.create(scope="s", key="old", request_hash="h")
    IdempotencyKey.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    IdempotencyKey.objects.create(scope="s", key="young", request_hash="h")
    assert retention.forget(timezone.now()) == 1
    assert IdempotencyKey.objects.get().key == "young"
