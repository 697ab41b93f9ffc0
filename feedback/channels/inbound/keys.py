"""Keys of webhook sources: made, shown once, replaced without a gap."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from config.common import vault, webhooks
from config.common.errors import NotFound
from config.common.events import record
from config.common.models import User
from feedback.models import Scope, WebhookKey, WebhookSource

NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def make(
    *,
    source: WebhookSource,
    scopes: list[str],
    name: str = "",
    replaces_within: timedelta | None = None,
    actor: User | None,
    at: datetime,
) -> tuple[WebhookKey, str]:
    """Make a key; its secret is told this once. With `replaces_within` the older ones end after that long.

    Raises:
        Invalid: secrets cannot be stored here.
    """
    secret = webhooks.new_secret()
    if replaces_within is not None:
        until = at + replaces_within
        WebhookKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=until), source=source).update(
            expires_at=until
        )
    key = WebhookKey.objects.create(
        source=source,
        name=name[:80],
        secret=vault.encrypt(secret),
        hint=secret[-4:],
        scopes=[scope for scope in Scope.values if scope in scopes],
        created_by=actor,
        created_at=at,
    )
    record("webhookkey.made", key, actor=actor, at=at, source=source.pk, scopes=key.scopes)
    return key, secret


@transaction.atomic
def end(*, key_id: int, actor: User | None, at: datetime) -> WebhookKey:
    """Let a key be valid no longer; again changes nothing.

    Raises:
        NotFound: there is no such key.
    """
    key = WebhookKey.objects.select_for_update(of=("self",)).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    if key.valid_at(at):
        key.expires_at = at
        key.save(update_fields=["expires_at"])
        record("webhookkey.ended", key, actor=actor, at=at, source=key.source_id)
    return key


def valid_secrets(source: WebhookSource, scope: str, at: datetime) -> list[tuple[WebhookKey, str]]:
    """The keys of a source that are valid for something now, with their secrets, the newest first.

    Raises:
        Unreadable: a secret cannot be read.
    """
    valid = Q(expires_at=None) | Q(expires_at__gt=at)
    keys = WebhookKey.objects.filter(valid, source=source, scopes__contains=[scope]).order_by("-created_at")
    return [(key, vault.decrypt(key.secret)) for key in keys[:5]]


def note_use(key: WebhookKey, *, at: datetime) -> None:
    """Note when a key was last used, once a minute at most."""
    if key.last_used_at is None or key.last_used_at < at - NOTED_EVERY:
        WebhookKey.objects.filter(pk=key.pk).update(last_used_at=at)
