"""What a behaviour event has to be like to be taken. Pure, and quick: a thousand come at once."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from feedback.models import BehaviourHint, BehaviourName
from feedback.models.behaviour import NUMBER, PAGE, QUERY

AHEAD = timedelta(minutes=5)
"""So far may the sender's clock go before ours."""
MOST_FEN = 10**12
SHORT = 32
NAMES, HINTS = frozenset(BehaviourName.values), frozenset(BehaviourHint.values)
TEXTS = {
    "external_id": NUMBER,
    "member": NUMBER,
    "visitor": NUMBER,
    "session": NUMBER,
    "product": NUMBER,
    "order": NUMBER,
    "device": SHORT,
    "channel": SHORT,
}
"""Numbers and codes, and how long they may be: one that is cut would be another."""
FREE_TEXTS = {"query": QUERY, "page": PAGE}
"""What people type or where they were: the rest of what is too long says nothing more."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as somebody tells of it; `member` is the member's number in the shop."""

    external_id: str
    name: str
    at: datetime
    member: str = ""
    visitor: str = ""
    session: str = ""
    product: str = ""
    order: str = ""
    amount_fen: int | None = None
    query: str = ""
    hints: tuple[str, ...] = ()
    device: str = ""
    channel: str = ""
    page: str = ""

    @property
    def content(self) -> UUID:
        """A digest of all that was told: the same event again has the same."""
        whole = json.dumps(
            [
                self.name, self.at.astimezone(UTC).isoformat(), self.member, self.visitor, self.session,
                self.product, self.order, self.amount_fen, self.query, self.hints, self.device, self.channel,
                self.page,
            ]
        )  # fmt: skip
        return UUID(bytes=hashlib.blake2b(whole.encode(errors="replace"), digest_size=16).digest())


def read(row: Any, *, at: datetime, oldest: datetime) -> Told:
    """An event from what was sent.

    Raises:
        Invalid: something is missing, too long or no such thing, it lies ahead, or is older than is kept.
    """
    if not isinstance(row, Mapping):
        raise Invalid(_("This is not a JSON object."))
    texts = {name: _text(row, name, most) for name, most in TEXTS.items()}
    if not texts["external_id"]:
        raise _bad("external_id", _("is empty"))
    if not (texts["member"] or texts["visitor"]):
        raise _bad("member", _("is empty, and so is visitor"))
    name = row.get("name")
    if not isinstance(name, str) or name not in NAMES:
        raise _bad("name", _("is not one of {names}").format(names=", ".join(BehaviourName.values)))
    return Told(
        name=name,
        at=_moment(row.get("at"), at=at, oldest=oldest),
        amount_fen=_amount(row.get("amount_fen")),
        hints=_hints(row.get("hints")),
        **texts,
        **{name: _said(row, name, most) for name, most in FREE_TEXTS.items()},
    )


def _bad(field: str, why: Any) -> Invalid:
    return Invalid(f"{field}: {why}", field=field)


def _text(row: Mapping[str, Any], name: str, most: int) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise _bad(name, _("is no text"))
    value = value.strip()
    if len(value) > most:
        raise _bad(name, _("is longer than {longest} characters").format(longest=most))
    if not (value.isprintable()):
        raise _bad(name, _("holds characters that cannot be shown"))
    return value


def _said(row: Mapping[str, Any], name: str, most: int) -> str:
    """What people typed: whatever cannot be shown is a space, and the end of it goes."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _bad(name, _("is no text"))
    shown = "".join(
        " " if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} else one for one in value[: 4 * most]
    )
    return " ".join(shown.split())[:most]


def _moment(value: Any, *, at: datetime, oldest: datetime) -> datetime:
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise _bad("at", _("is not a time with its zone"))
    if moment > at + AHEAD:
        raise _bad("at", _("lies in the future"))
    if moment < oldest:
        raise _bad("at", _("is older than what is kept"))
    return moment


def _amount(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_FEN:
        raise _bad("amount_fen", _("is not an amount of money"))
    return value


def _hints(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or any(not isinstance(one, str) for one in value):
        raise _bad("hints", _("is no list of words"))
    if unknown := set(value) - HINTS:
        told = _("is not one of {names}").format(names=", ".join(BehaviourHint.values))
        raise _bad("hints", f"{min(unknown)[:SHORT]} {told}")
    return tuple(sorted(set(value)))
