"""Secrets that we must be able to read again, such as a mailbox's password: encrypted in the database.

A column holds what `encrypt` gives, so that neither a listing nor a log of a row shows a secret by accident;
whoever uses it calls `decrypt`. The key is `VAULT_KEY`, kept outside the database, so that a dump of it opens
nothing. See docs/decisions/secrets-at-rest.md.
"""

import base64
import hashlib
import os

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from config.common.errors import DomainError, Invalid

MARK = "v1:"
FROM_ENV = "env:"
ENV_PREFIX = "HUIYIN_SECRET_"
"""Only such variables may be named, so that nobody has the server send its other keys somewhere."""


class Unreadable(DomainError):
    """The secret cannot be read: its key is gone, or the variable that it names is not set."""

    code = "secret_unreadable"
    default = _("A stored secret cannot be read. Enter it anew.")


def encrypt(secret: str) -> str:
    """What is stored of a secret: empty for none, the name of a variable as it is, else a cipher.

    Raises:
        Invalid: there is no key to encrypt with, or a variable that may not be named.
    """
    if not secret:
        return ""
    if secret.startswith(FROM_ENV):
        _named(secret)
        return secret
    return MARK + _box().encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str:
    """The secret again; one that is named by a variable is read from it now.

    Raises:
        Unreadable: encrypted with another key, damaged, or the variable is not set.
    """
    if not stored:
        return ""
    if stored.startswith(FROM_ENV):
        try:
            return os.environ[_named(stored)]
        except (KeyError, Invalid) as error:
            raise Unreadable from error
    try:
        return _box().decrypt(stored.removeprefix(MARK).encode()).decode()
    except (InvalidToken, Invalid) as error:
        raise Unreadable from error


def _named(reference: str) -> str:
    name = reference.removeprefix(FROM_ENV).strip()
    if not name.startswith(ENV_PREFIX):
        raise Invalid(
            _("A secret's variable has a name that begins with %(prefix)s.") % {"prefix": ENV_PREFIX}
        )
    return name


def _box() -> MultiFernet:
    """The first key encrypts, all of them decrypt: so a new one can be put in front of the old."""
    keys = [key.strip() for key in settings.VAULT_KEY.split(",") if key.strip()]
    if not keys:
        raise Invalid(_("Set VAULT_KEY to store secrets, or name a variable: env:HUIYIN_SECRET_…"))
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys]
    )
