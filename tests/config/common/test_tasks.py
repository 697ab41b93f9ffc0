from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from config.celery import app
from config.common import outbox, tasks
from config.common.events import record
from config.common.models import Event, OutboxMessage, Seal
from config.common.registry import PERIODIC
from tests.factories.common import UserFactory


def test_every_periodic_task_exists():
    app.loader.import_default_modules()
    assert {entry.task for entry in PERIODIC} <= set(app.tasks)


@pytest.mark.django_db(transaction=True)
def test_the_tasks_do_what_their_names_say(monkeypatch):
    sent = []
    monkeypatch.setitem(outbox.SENDERS, "test", sent.append)
    with transaction.atomic():
        record("a", UserFactory(), actor=None, at=timezone.now())
        outbox.put("test", key="1", recipient="r", payload={}, at=timezone.now())
    tasks.relay()
    tasks.seal()
    assert len(sent) == 1
    assert Seal.objects.get().count == Event.objects.count()
    long_ago = timezone.now() - timedelta(days=400)
    OutboxMessage.objects.update(created_at=long_ago)
    tasks.forget()
    assert not OutboxMessage.objects.exists()
