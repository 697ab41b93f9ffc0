"""Doing a thing once, however often it is asked for."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction

from config.common.errors import KeyReused, NotFound
from config.common.models import IdempotencyKey

Row = TypeVar("Row", bound=models.Model)


def request_hash(content: Any) -> str:
    """A digest of what was asked; equal content gives an equal digest whatever the order of its keys."""
    text = json.dumps(content, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def once(
    *, scope: str, key: str, content: Any, model: type[Row], perform: Callable[[], Row]
) -> tuple[Row, bool]:
    """Run `perform` the first time and give its row; give the same row again on a repeat.

    Call inside the transaction of the command. A second request that comes while the first is still
    running waits for it. When `perform` fails, the key is free again. The flag is True when the row is a
    repeat.

    Raises:
        KeyReused: the key came before with other content.
        NotFound: what came of it was deleted since.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a key is kept in the transaction of what it guards")
    digest = request_hash(content)
    with transaction.atomic():  # a savepoint: the key goes with the failure, whoever catches it
        key_id = _claim(scope, key, digest)
        if key_id:
            row = perform()
            IdempotencyKey.objects.filter(pk=key_id).update(result=row.pk)
            return row, False
    known = IdempotencyKey.objects.get(scope=scope, key=key)
    if known.request_hash != digest:
        raise KeyReused
    before = model._default_manager.filter(pk=known.result).first()
    if before is None:
        raise NotFound
    return before, True


def _claim(scope: str, key: str, digest: str) -> int | None:
    """Write the key down; None when it is known, after waiting for whoever is writing it."""
    # An upsert, not get_or_create: the row lock makes a second caller wait for the first to commit.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO common_idempotencykey (scope, key, request_hash) VALUES (%s, %s, %s)"
            " ON CONFLICT (scope, key) DO NOTHING RETURNING id",
            [scope, key, digest],
        )
        new = cursor.fetchone()
    return new[0] if new else None
