"""Until when a review can be written, and what a good one is made of. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid

TITLE, TEXT, VIDEO = 200, 5_000, 500
BEST = 5


def closes_at(received_at: datetime, days: int) -> datetime:
    """When the time to review ends; its last moment belongs to it."""
    return received_at + timedelta(days=days)


def clean(text: str, *, limit: int = TEXT) -> str:
    """A text as it is kept.

    Raises:
        Invalid: too long.
    """
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if len(text) > limit:
        raise Invalid(_("At most %(limit)s characters.") % {"limit": limit}, field="text")
    return text


def video(address: str) -> str:
    """The address of a video, which is fetched by nobody here and opened by whoever follows the link.

    Raises:
        Invalid: no address of a page that is sent encrypted, or one with a name and password in it.
    """
    address = address.strip()
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    fits = (
        parts.scheme == "https"
        and "." in host
        and port in {None, 443}
        and parts.username is None
        and len(address) <= VIDEO
        and address.isprintable()
        and not any(sign.isspace() or sign in '<>"\\' for sign in address)
    )
    if not fits:
        raise Invalid(_("A video is a link that begins with https://."), field="video_url")
    return address


def stars(given: object) -> int:
    """Whole stars from one to five.

    Raises:
        Invalid: anything else.
    """
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= BEST:
        raise Invalid(_("Give one to five stars."), field="stars")
    return given


def scores(given: Mapping[str, object], known: Iterable[str]) -> dict[str, int]:
    """The stars by dimension; a dimension may be left out.

    Raises:
        Invalid: a dimension that is not asked for, or no stars.
    """
    allowed = set(known)
    if unknown := sorted(set(given) - allowed):
        raise Invalid(_("“%(name)s” is not asked for.") % {"name": unknown[0]}, field="scores")
    return {code: stars(value) for code, value in given.items() if value is not None}


def shown_name(name: str) -> str:
    """A member's name as everybody may read it: the first character, and nothing of its length."""
    first = name.strip()[:1]
    return f"{first}**" if first else ""
