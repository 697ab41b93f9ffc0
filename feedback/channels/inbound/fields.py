"""Finding our fields in what other systems send, by a map that is data. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid

VALUES = "values"
"""In a map: {"values": {"event": {"ALERTING": "ringing"}}} says what their words mean."""
STEP = re.compile(r"[^.\[\]]+|\[\d+\]")
AHEAD = timedelta(minutes=10)
LONG_AGO = timedelta(days=31)
"""What is older is history, which comes in as a file: a clock that starts here would be late at once."""
LATEST_SECONDS = 10**11  # a larger number counts milliseconds


def check_map(field_map: Any, known: Iterable[str]) -> None:
    """Refuse a map that cannot work.

    Raises:
        Invalid: names a field that there is none of, or is not of the form {"ours": "theirs.path"}.
    """
    if not isinstance(field_map, dict):
        raise Invalid(_("A field map is an object: {“text”: “content.text”}."))
    for name, path in field_map.items():
        if name == VALUES:
            fits = isinstance(path, dict) and all(isinstance(one, dict) for one in path.values())
        elif name not in set(known):
            raise Invalid(_("There is no field “%(name)s”.") % {"name": name})
        else:
            fits = isinstance(path, str) and bool(path)
        if not fits:
            raise Invalid(_("“%(name)s” names no place in what is sent.") % {"name": name})


def read(content: Mapping[str, Any], field_map: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Our fields as the map finds them; a field that it does not name is where its own name says.

    A place is a path such as `message.items[0].text`; `=complaint` is the word itself.
    """
    values = field_map.get(VALUES, {})
    found: dict[str, Any] = {}
    for name in known:
        path = field_map.get(name, name)
        value = path[1:] if path.startswith("=") else _at(content, path)
        if isinstance(value, str | int) and str(value) in values.get(name, {}):
            value = values[name][str(value)]
        found[name] = value
    return found


def _at(content: Any, path: str) -> Any:
    for step in STEP.findall(path):
        if step.startswith("["):
            number = int(step[1:-1])
            content = content[number] if isinstance(content, list) and number < len(content) else None
        else:
            content = content.get(step) if isinstance(content, dict) else None
    return content


def text(found: Mapping[str, Any], name: str, *, limit: int, required: bool = False) -> str:
    """A field as text.

    Raises:
        Invalid: an object or a list, too long, or missing though it is needed.
    """
    value = found.get(name)
    if value is None or isinstance(value, bool):
        value = ""
    if isinstance(value, dict | list):
        raise Invalid(_("“%(name)s” is not a text.") % {"name": name}, field=name)
    plain = str(value).replace("\0", "").encode("utf-8", "replace").decode().strip()
    if len(plain) > limit:
        raise Invalid(_("“%(name)s” is too long.") % {"name": name}, field=name)
    if required and not plain:
        raise Invalid(_("“%(name)s” is missing.") % {"name": name}, field=name)
    return plain


def moment(found: Mapping[str, Any], name: str, *, now: datetime) -> datetime:
    """A field as a moment, ISO 8601 with its zone or seconds since 1970; now without one.

    A clock that is a little fast is forgiven: what lies ahead by minutes is taken for now.

    Raises:
        Invalid: it is something else, lies further ahead, or so long ago that nobody waits for an answer.
    """
    value = found.get(name)
    if value is None or value == "":
        return now
    try:
        if isinstance(value, int | float) or str(value).isdigit():
            seconds = float(value)
            seconds = seconds / 1000 if seconds > LATEST_SECONDS else seconds
            given = datetime.fromtimestamp(seconds, UTC)
        else:
            given = _zoned(str(value)).astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError) as error:
        raise Invalid(_("“%(name)s” is not a moment with its zone.") % {"name": name}, field=name) from error
    if given > now + AHEAD:
        raise Invalid(_("“%(name)s” lies in the future.") % {"name": name}, field=name)
    if given < now - LONG_AGO:
        days = LONG_AGO.days
        raise Invalid(
            _("“%(name)s” is more than %(days)s days ago.") % {"name": name, "days": days}, field=name
        )
    return min(given, now)


def _zoned(text: str) -> datetime:
    parsed = parse_datetime(text)
    if parsed is None or parsed.tzinfo is None:
        raise ValueError(text)
    return parsed
