"""Keys of other programs: made, shown once, used, revoked. Apps name what a key may in `SCOPES`."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.api_key_models import ApiKey
from config.common.errors import Invalid, NotFound
from config.common.events import record
from config.common.models import User

SCOPES: dict[str, str | Promise] = {}
"""What a key may, with its words."""
PREFIX = "hy_"
"""By which people and secret scanners know such a token where it does not belong."""
TO_THE = timedelta(hours=1)
"""How exactly its last use is known: a key that reads all day writes a row an hour."""


@transaction.atomic
def make(
    *, name: str, scopes: Collection[str], expires_at: datetime | None, actor: User, at: datetime
) -> tuple[ApiKey, str]:
    """Make a key; give it with its token, which nobody can be told again.

    Raises:
        Invalid: no name or one that is taken, nothing or something unknown that it may, or good until before
            now.
    """
    if not name.strip():
        raise Invalid(_("Say what uses the key."), field="name")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Invalid(_("Choose what the key may."), field="scopes")
    if expires_at is not None and expires_at <= at:
        raise Invalid(_("This moment is over."), field="expires_at")
    token = PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            key = ApiKey.objects.create(
                name=name.strip(),
                digest=_digest(token),
                hint=token[-4:],
                scopes=sorted(set(scopes)),
                made_by=actor,
                made_at=at,
                expires_at=expires_at,
            )
    except IntegrityError as error:
        raise Invalid(_("There is a key of this name."), field="name") from error
    record("api_key.made", key, actor=actor, at=at, name=key.name, scopes=key.scopes)
    return key, token


@transaction.atomic
def revoke(*, key_id: int, actor: User, at: datetime) -> ApiKey:
    """Have a key open nothing any more; again changes nothing.

    Raises:
        NotFound: no such key.
    """
    key = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None:
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at, key.revoked_by = at, actor
        key.save(update_fields=["revoked_at", "revoked_by"])
        record("api_key.revoked", key, actor=actor, at=at, name=key.name)
    return key


def used(token: str, at: datetime) -> ApiKey | None:
    """The key of a token that is good, with its use noted; None of any other."""
    key = ApiKey.objects.filter(digest=_digest(token)).first()
    if key is None or not key.is_good(at):
        return None
    long_ago = Q(last_used_at=None) | Q(last_used_at__lt=at - TO_THE)
    ApiKey.objects.filter(long_ago, pk=key.pk).update(last_used_at=at)
    return key


def _digest(token: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
