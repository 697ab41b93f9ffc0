"""Refusals that a person can understand, raised by rules and commands.

Screens show the message; the API answers it as RFC 9457 problem details (see problems.py).
"""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A request that the business rules refuse; `str()` of it is fit for the person who asked."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    default: ClassVar[str | Promise] = _("This cannot be done.")

    def __init__(self, message: str | Promise | None = None, **details: Any) -> None:
        """Take the message for people and `details` (JSON values) for programs."""
        super().__init__(message or self.default)
        self.details = details

    def __str__(self) -> str:
        """Give the message in the language of the moment."""
        return str(self.args[0])


class Invalid(DomainError):
    """What was sent is not well formed or breaks a rule on its own."""

    code = "invalid"
    status = 400
    default = _("The input is not valid.")


class NotPermitted(DomainError):
    """The person may not do this."""

    code = "not_permitted"
    status = 403
    default = _("You are not permitted to do this.")


class NotFound(DomainError):
    """There is no such thing, or none that this person may see."""

    code = "not_found"
    status = 404
    default = _("Not found.")


class WrongState(DomainError):
    """The thing is not in a state that allows this."""

    code = "wrong_state"
    default = _("This is not possible in the present state.")


class MoveNotAllowed(WrongState):
    """A status cannot change in this way."""

    code = "move_not_allowed"


class Stale(DomainError):
    """Somebody else changed the thing since it was read."""

    code = "stale"
    default = _("Somebody else changed this in the meantime. Look at the new version first.")


class KeyReused(DomainError):
    """An idempotency key came again with other content."""

    code = "key_reused"
    status = 422
    default = _("This key was already used for a different request.")


class Taken(DomainError):
    """There is already one like this; the database says so when two come at once."""

    code = "taken"
    default = _("There is already one like this.")


class InUse(DomainError):
    """Something else depends on it, or what it names no longer exists."""

    code = "in_use"
    default = _("This belongs together with something else that is still needed or no longer exists.")


class Busy(DomainError):
    """Somebody else is changing the same thing at this moment."""

    code = "busy"
    status = 503
    default = _("Somebody else is changing the same thing right now. Please try again.")
