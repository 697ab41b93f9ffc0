"""What a telephone system reports of a call. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from feedback.channels.inbound import fields

Kind = Literal["ringing", "answered", "ended", "missed", "recording"]
KINDS = ("ringing", "answered", "ended", "missed", "recording")
DIRECTIONS = ("in", "out")
FIELDS = ("call_id", "event", "direction", "number", "line", "agent", "at", "recording_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One thing that happened to a call. Reports may come in any order, and more than once."""

    call_id: str
    kind: Kind
    direction: str
    number: str
    line: str
    agent: str
    """An extension, or the name that the agent signs in with."""
    at: datetime
    recording_url: str


def read(content: Mapping[str, Any], field_map: Mapping[str, Any], *, now: datetime) -> Report:
    """Read one report.

    Raises:
        Invalid: what is needed is missing, or a field is not what it should be.
    """
    found = fields.read(content, field_map, FIELDS)
    kind = fields.text(found, "event", limit=40, required=True)
    direction = fields.text(found, "direction", limit=40) or "in"
    recording = fields.text(found, "recording_url", limit=500)
    if kind not in KINDS:
        raise Invalid(_("“%(name)s” is none of: %(known)s.") % {"name": "event", "known": ", ".join(KINDS)})
    if direction not in DIRECTIONS:
        known = ", ".join(DIRECTIONS)
        raise Invalid(_("“%(name)s” is none of: %(known)s.") % {"name": "direction", "known": known})
    if recording and not recording.startswith("https://"):
        raise Invalid(_("A recording's address begins with https://."), field="recording_url")
    return Report(
        call_id=fields.text(found, "call_id", limit=100, required=True),
        kind=cast("Kind", kind),
        direction=direction,
        number=fields.text(found, "number", limit=32),
        line=fields.text(found, "line", limit=32),
        agent=fields.text(found, "agent", limit=150),
        at=fields.moment(found, "at", now=now),
        recording_url=recording,
    )
