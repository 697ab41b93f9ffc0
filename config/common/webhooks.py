"""Signing what systems send each other, by the Standard Webhooks specification (standardwebhooks.com).

A message carries `webhook-id`, `webhook-timestamp` (seconds since 1970) and `webhook-signature`: one or more
`v1,BASE64`, the HMAC-SHA256 of `id.timestamp.body` under the secret that both sides know. Several keys may be
valid at once, so that one can be replaced without a gap. Pure: the moment is passed in.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from config.common.errors import DomainError

PREFIX = "whsec_"
TOLERANCE = timedelta(minutes=5)
"""How old, or how far ahead of our clock, a message may be: nobody can send a copy of it later."""
ID_LENGTH = 200


class BadSignature(DomainError):
    """Not signed with a valid key, too old, or changed on the way; which of them is not told."""

    code = "bad_signature"
    status = 401
    default = _("The signature is not valid.")


def new_secret() -> str:
    """A secret of 256 random bits, as it is shown to people."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secrets_: Iterable[str], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message signed with each of the secrets."""
    timestamp = str(int(at.timestamp()))
    signatures = (f"v1,{_signature(secret, message_id, timestamp, body)}" for secret in secrets_)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def verify(secrets_: Iterable[str], headers: Mapping[str, str], body: bytes, *, at: datetime) -> int:
    """Check a message; gives which of the secrets it was signed with.

    Takes the same time whatever is wrong with a signature.

    Raises:
        BadSignature: none of the secrets signed it, or not in the last minutes.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = [one[3:] for one in headers.get("webhook-signature", "").split()[:10] if one.startswith("v1,")]
    found = None
    for number, secret in enumerate(secrets_):
        expected = _signature(secret, message_id, timestamp, body)
        if any(hmac.compare_digest(expected.encode(), one.encode("utf-8", "replace")) for one in given):
            found = number
    if found is None or not 0 < len(message_id) <= ID_LENGTH or not _is_fresh(timestamp, at):
        raise BadSignature
    return found


def _is_fresh(timestamp: str, at: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004 - far enough
        return False
    return abs(int(timestamp) - at.timestamp()) <= TOLERANCE.total_seconds()


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "surrogateescape") + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:  # a secret that somebody chose, named by a variable
        return secret.encode()
