"""Where the link leads that is sent out with a notice."""

from collections.abc import Callable

from django.conf import settings

from compensation.models import Notice

LINKS: dict[str, Callable[[Notice], str]] = {}
"""What is sent instead of the portal's page, by the notice's kind: secret links that no row holds.

Upper apps add theirs in `ready()`."""


def link_of(notice: Notice) -> str:
    """The address that goes out with a notice, empty when it leads nowhere."""
    if special := LINKS.get(notice.kind):
        return special(notice)
    return f"{settings.PUBLIC_URL}{notice.path}" if notice.path else ""
