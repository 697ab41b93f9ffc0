"""Staff accounts and the rows behind three of the four mechanisms: events, outbox, idempotency."""

import uuid

import pgtrigger
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.common import api_key_models  # noqa: F401 - Django looks for models here
from config.common.history import track
from config.common.retention_models import RetentionPeriod


class User(AbstractUser):
    """A member of staff. One name field, since a Chinese name has no first and last in Western order."""

    first_name = None  # type: ignore[assignment]  # Django's way to drop an inherited field
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"
        permissions = [
            ("export_lists", "Can take lists out as files"),
            ("see_history", "Can see who changed the configuration"),
        ]

    def get_full_name(self) -> str:
        """The name that colleagues and members read."""
        return self.name or self.username

    def get_short_name(self) -> str:
        """The same: Chinese names are short."""
        return self.get_full_name()

    def __str__(self) -> str:
        return self.get_full_name()


class EventPosition(Func):
    """The number of the transaction that writes the row, as the event log counts (see EventOffset)."""

    function = "common_event_position"
    output_field = models.BigIntegerField()


class EventOffset(models.Model):
    """One row: what the event log adds to PostgreSQL's transaction numbers.

    It is 0 until a dump is restored into a server whose own count is lower. The first event written there
    raises it (trigger `keep_order` of Event), so that the log's numbers grow for ever.
    """

    ahead = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="eventoffset_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"+{self.ahead}"


def _refuse_truncate() -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
    )


# Every event that this statement sees has a smaller number than `upcoming`, unless the server's count has
# gone back. Two writers that find this at once wait for one another at the row; one of them raises it.
KEEP_ORDER = """
    SELECT
        greatest(
            (SELECT max(txid) FROM common_event),
            (SELECT max(upto_txid) - 1 FROM common_seal)
        ),
        greatest(
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
            pg_current_xact_id()::text::bigint + 1
        ) + coalesce((SELECT ahead FROM common_eventoffset), 0),
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    INTO known, upcoming, oldest;
    IF known >= upcoming THEN
        INSERT INTO common_eventoffset AS held (id, ahead) VALUES (1, known + 1 - oldest)
        ON CONFLICT (id) DO UPDATE SET ahead = excluded.ahead WHERE held.ahead < excluded.ahead;
    END IF;
    RETURN NULL;
"""


# Live pages hear of every event (config.common.live): the row that it is about is rung, and so is the case
# that its data name. One signal a statement, and PostgreSQL sends equal signals of a transaction once.
RING = """
    SELECT string_agg(topic, ' ' ORDER BY topic)
    INTO topics
    FROM (
        SELECT subject_type || ':' || subject_id AS topic FROM fresh
        UNION
        SELECT 'case:' || (data ->> 'case') FROM fresh WHERE jsonb_typeof(data -> 'case') = 'number'
    ) AS rung;
    IF topics IS NOT NULL THEN
        PERFORM pg_notify('live', CASE WHEN octet_length(topics) > 7000 THEN '*' ELSE topics END);
    END IF;
    RETURN NULL;
"""


class Event(models.Model):
    """One thing that happened, written in the transaction that did it, never changed.

    Serial ids commit out of order, so a reader of "events since" goes by `txid` and the snapshot's
    xmin (see events.read_since), never by `id` alone.
    """

    id = models.BigAutoField(primary_key=True)
    txid = models.BigIntegerField(_("database transaction"), db_default=EventPosition(), editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    at = models.DateTimeField(_("happened"), help_text="When it happened, by the caller's clock.")
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now(), editable=False)
    actor = models.CharField(_("who did it"), max_length=64, help_text='"user:7", "member:12" or "system".')
    subject_type = models.CharField(_("about"), max_length=32)
    subject_id = models.BigIntegerField(_("number of the row"))
    data = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(name="event_subject", fields=["subject_type", "subject_id", "id"]),  # timelines
            models.Index(name="event_txid", fields=["txid", "id"]),  # events.read_since, seals
            models.Index(name="event_kind_at", fields=["kind", "at"]),  # reports
            models.Index(name="event_actor", fields=["actor", "id"]),  # what somebody did: the audit's search
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            _refuse_truncate(),
            pgtrigger.Trigger(
                name="keep_order",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("known", "bigint"), ("upcoming", "bigint"), ("oldest", "bigint")],
                func=KEEP_ORDER,
            ),
            pgtrigger.Trigger(
                name="ring",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="fresh"),
                declare=[("topics", "text")],
                func=RING,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_type}:{self.subject_id}"


class Bookmark(models.Model):
    """How far somebody who follows the event log has come (see config.common.following)."""

    reader = models.SlugField(unique=True)
    txid = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.reader}: {self.txid}"


class Given(models.Model):
    """Something that ships and was given to this installation: never again (see config.common.seeding)."""

    kind = models.CharField(max_length=40)
    code = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="given_once", fields=["kind", "code"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class Seal(models.Model):
    """A signed digest of the events of a range of transactions, chained to the seal before it."""

    from_txid = models.BigIntegerField(_("from transaction"))
    upto_txid = models.BigIntegerField(_("up to transaction"), unique=True, help_text="Exclusive.")
    count = models.PositiveIntegerField(_("events"))
    digests = models.BinaryField(help_text="For each event in order: its id (8 bytes) and digest (16 bytes).")
    previous = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=32, unique=True)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        constraints = [
            models.UniqueConstraint(name="seal_chain", fields=["previous"]),
            models.CheckConstraint(name="seal_range", condition=Q(upto_txid__gt=models.F("from_txid"))),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            _refuse_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.from_txid}–{self.upto_txid}"


class OutboxStatus(models.TextChoices):
    """Where a message to the outside stands."""

    PENDING = "pending", _("pending")
    SENT = "sent", _("sent")
    DROPPED = "dropped", _("no longer needed")
    DEAD = "dead", _("dead letter")


class OutboxMessage(models.Model):
    """One thing to tell somebody outside, written in the transaction that decided it."""

    kind = models.CharField(_("kind"), max_length=32)
    key = models.CharField(_("unique key"), max_length=200, unique=True)  # written once for one reason
    request_id = models.UUIDField(_("request number"), default=uuid.uuid4, unique=True, editable=False)
    recipient = models.CharField(_("recipient"), max_length=200)
    payload = models.JSONField(_("content"), default=dict)
    status = models.CharField(_("status"), max_length=8, choices=OutboxStatus, default=OutboxStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    created_at = models.DateTimeField(_("created"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        constraints = [
            models.CheckConstraint(name="outbox_status_known", condition=Q(status__in=OutboxStatus.values)),
            models.CheckConstraint(
                name="outbox_sent_has_time",
                condition=Q(status=OutboxStatus.SENT, sent_at__isnull=False)
                | (~Q(status=OutboxStatus.SENT) & Q(sent_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(  # read by outbox.relay
                name="outbox_due", fields=["next_attempt_at"], condition=Q(status=OutboxStatus.PENDING)
            ),
            models.Index(  # read by the dead letters' admin
                name="outbox_dead", fields=["-id"], condition=Q(status=OutboxStatus.DEAD)
            ),
            BrinIndex(name="outbox_created", fields=["created_at"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient}"


class IdempotencyKey(models.Model):
    """A request that was carried out, and what came of it."""

    scope = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    result = models.BigIntegerField(null=True, help_text="Primary key of the row that came of it.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(name="idempotency_once", fields=["scope", "key"])]
        indexes = [
            BrinIndex(name="idempotency_created", fields=["created_at"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class Heartbeat(models.Model):
    """When a part of the system last did something."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


class RateCount(models.Model):
    """How often something was done since its window began. What it holds may be lost in a crash."""

    key = models.CharField(max_length=160, primary_key=True)
    count = models.PositiveIntegerField()
    resets_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="ratecount_reset", fields=["resets_at"])]  # limits.forget

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class Role(Group):
    """A group of staff, as its history is kept."""

    class Meta:
        proxy = True


class RolePermission(Group.permissions.through):  # type: ignore[name-defined,misc]  # made at run time
    """What a group may do, as its history is kept."""

    class Meta:
        proxy = True


class UserRole(User.groups.through):  # type: ignore[name-defined,misc]  # made at run time
    """Who belongs to a group, as its history is kept."""

    class Meta:
        proxy = True


class UserRight(User.user_permissions.through):  # type: ignore[name-defined,misc]  # made at run time
    """What somebody may do beside their groups, as its history is kept."""

    class Meta:
        proxy = True


for _model in (User, Role, RolePermission, UserRole, UserRight, RetentionPeriod):
    track(_model)
