"""What is past its period goes, in batches, once; nothing else does, and nothing on a dry run."""

from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from config.common import retention
from config.common.errors import Invalid, NotFound
from config.common.models import Event, IdempotencyKey, OutboxMessage
from config.common.retention_models import RetentionPeriod, RetentionRun
from config.common.tasks import forget
from tests.factories.common import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F23")]


def message(key, status, age_days):
    created_at = timezone.now() - timedelta(days=age_days)
    sent_at = created_at if status == "sent" else None
    OutboxMessage.objects.create(
        kind="x", key=key, recipient="r", status=status, created_at=created_at, sent_at=sent_at,
        next_attempt_at=created_at,
    )  # fmt: skip


def period(code, days):
    return retention.set_period(code=code, days=days, actor=UserFactory(), at=timezone.now())


def retain(code, **more):
    return retention.retain(code=code, at=timezone.now(), **more)


def test_what_is_done_and_old_goes_in_pieces(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    period("outbox", 10)
    for n in range(5):
        message(f"old {n}", "sent", 11)
    message("dropped", "dropped", 11)
    message("young", "sent", 9)
    message("dead", "dead", 400)
    message("waiting", "pending", 400)
    dry = retain("outbox", is_dry=True)
    assert (dry.rows, dry.is_dry, OutboxMessage.objects.count()) == (6, True, 9)
    assert dry.oldest < timezone.now() - timedelta(days=10)
    run = retain("outbox")
    assert (run.rows, run.days, run.ended_at is not None) == (6, 10, True)
    assert set(OutboxMessage.objects.values_list("key", flat=True)) == {"young", "dead", "waiting"}
    assert retain("outbox").rows == 0
    assert Event.objects.filter(kind="retention.ran").count() == 1


FEW = {
    "feedback.ImportRun", "feedback.Overturned", "feedback.ReviewAppeal", "feedback.BulkRun",
    "kpis.Experiment", "kpis.ReportNote",
}  # fmt: skip
"""Tables of a few rows a day."""


def test_what_is_past_its_period_is_found_by_an_index_of_its_age():
    parts = [part for kind in retention.KINDS.values() for part in kind.parts]
    own = {(part.label, part.at) for part in parts if "__" not in part.at and part.label not in FEW}
    with connection.cursor() as cursor:
        missing = set()
        for label, at in own:
            table = apps.get_model(label)._meta.db_table
            found = connection.introspection.get_constraints(cursor, table).values()
            if not any(one["index"] and one["columns"][:1] == [at] for one in found):
                missing.add((label, at))
    assert missing == set()


def test_the_nightly_task_goes_by_the_periods():
    old = IdempotencyKey.objects.create(scope="s", key="old", request_hash="h")
    IdempotencyKey.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    IdempotencyKey.objects.create(scope="s", key="young", request_hash="h")
    forget()
    assert IdempotencyKey.objects.get().key == "young"
    assert set(RetentionRun.objects.values_list("code", flat=True)) == set(retention.KINDS)


def test_killed_in_between_the_next_run_goes_on(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 1)
    for n in range(3):
        message(f"old {n}", "sent", 40)
    real, done = retention._batch, []

    def die_at_the_second(*asked):
        if done:
            raise KeyboardInterrupt
        done.append(1)
        return real(*asked)

    monkeypatch.setattr(retention, "_batch", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        retain("outbox")
    half = RetentionRun.objects.get()
    assert (half.rows, half.ended_at, OutboxMessage.objects.count()) == (1, None, 2)
    monkeypatch.setattr(retention, "_batch", real)
    assert retain("outbox").rows == 2


def test_a_period_below_what_the_law_asks_is_refused_by_command_and_database():
    retention.seed(timezone.now())
    with pytest.raises(retention.TooShort):
        period("transactions", 1_095)
    for days in (0, -1, 36_501):
        with pytest.raises(Invalid):
            period("outbox", days)
    with pytest.raises(NotFound):
        period("nonsense", 10)
    assert period("transactions", 2_000).days == 2_000
    with pytest.raises(IntegrityError), transaction.atomic():
        RetentionPeriod.objects.filter(code="transactions").update(days=100)


def test_a_change_of_a_period_is_in_the_history():
    retention.seed(timezone.now())
    period("outbox", 45)
    changed = (
        Event.objects.filter(kind="config.changed", subject_type="retentionperiod").order_by("id").last()
    )
    assert changed.data["after"] == {"days": 45}


def test_seeding_again_keeps_edits_but_not_below_the_law():
    retention.seed(timezone.now())
    period("outbox", 45)
    RetentionPeriod.objects.filter(code="transactions").update(least_days=1, days=10)
    retention.seed(timezone.now())
    kept = dict(RetentionPeriod.objects.values_list("code", "days"))
    assert (kept["outbox"], kept["transactions"]) == (45, 1_096)
    assert set(kept) == set(retention.KINDS)


def test_every_kind_can_be_counted_and_run_on_an_empty_house(django_assert_max_num_queries):
    for code in retention.KINDS:
        assert retain(code, is_dry=True).rows == retain(code).rows == 0


def test_the_command_tells_and_refuses():
    message("old", "sent", 40)
    out = StringIO()
    call_command("retain", "--dry-run", "--kind", "outbox", stdout=out)
    assert "outbox (30 days): 1 rows would go" in out.getvalue()
    assert OutboxMessage.objects.exists()
    call_command("retain", "--kind", "outbox", stdout=out)
    assert not OutboxMessage.objects.exists()
    with pytest.raises(CommandError, match="nonsense"):
        call_command("retain", "--kind", "nonsense")


def test_its_page_counts_and_changes_and_is_for_administrators(admin_client, client):
    retention.seed(timezone.now())
    message("old", "sent", 40)
    page = "/admin/retention/"
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(f"{page}count/").status_code == 302
    assert RetentionRun.objects.filter(is_dry=True).count() == len(retention.KINDS)
    assert OutboxMessage.objects.exists()
    assert admin_client.post(f"{page}count/", {"kind": "nonsense"}).status_code == 404
    assert admin_client.post(f"{page}outbox/", {"days": "60"}).status_code == 302
    assert RetentionPeriod.objects.get(code="outbox").days == 60
    for days in ("1", "", "x", "9" * 30):
        said = admin_client.post(f"{page}transactions/", {"days": days})
        assert said.status_code == 400
        assert 'aria-invalid="true"' in said.content.decode()
    assert admin_client.post(f"{page}nonsense/", {"days": "9"}).status_code == 404
    client.force_login(UserFactory(is_staff=True))
    for path in (page, f"{page}count/", f"{page}outbox/"):
        answer = client.get(path) if path == page else client.post(path, {"days": "9"})
        assert answer.status_code == 403


def test_its_page_asks_the_same_however_much_there_is(admin_client, django_assert_max_num_queries):
    retention.retain_all(is_dry=True, at=timezone.now())
    retention.retain_all(at=timezone.now())
    with django_assert_max_num_queries(12):
        admin_client.get("/admin/retention/")
