"""Behaviour events that are sent to us, a thousand at a time, as often as it takes.

A row that cannot be taken says why, and the others are taken. One that comes again counts once; the same
number with another content is refused. Whose a visitor's events are is found out afterwards: see `summing`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from feedback.behaviour import rules
from feedback.behaviour.rules import Told

MOST = 1_000
TAKEN, REPEATED, REFUSED = "taken", "repeated", "refused"
SHOP, FILE = "shop", "file"

COLUMNS = {
    "external_id": "text",
    "content": "uuid",
    "name": "text",
    "at": "timestamptz",
    "member_id": "bigint",
    "visitor": "text",
    "session": "text",
    "product": "text",
    "order_number": "text",
    "amount_fen": "bigint",
    "query": "text",
    "hints": "text",
    "device": "text",
    "channel": "text",
    "page": "text",
}
"""What is written of a row, and as which type it goes over."""
INSERT = f"""
    INSERT INTO feedback_behaviourevent (source, received_at, {", ".join(COLUMNS)})
    SELECT %s, %s, {", ".join("hints::varchar[]" if name == "hints" else name for name in COLUMNS)}
    FROM unnest({", ".join(f"%s::{kind}[]" for kind in COLUMNS.values())}) AS told ({", ".join(COLUMNS)})
    ON CONFLICT (source, external_id) DO NOTHING
    RETURNING external_id
"""  # noqa: S608 - our own names
WHO = """
    SELECT external_id, id, erased_at IS NOT NULL, refused_profiling_at IS NOT NULL
    FROM compensation_member WHERE external_id = ANY(%s) ORDER BY id FOR KEY SHARE
"""
"""Held so that nobody is erased, or refuses, between this look and the writing."""


@dataclass(slots=True)
class Result:
    """What became of a row; `why` where it was refused."""

    external_id: str
    result: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Who:
    """A member as they are now."""

    pk: int
    is_erased: bool
    has_refused: bool


def oldest(at: datetime) -> datetime:
    """What is older than this is neither taken nor kept."""
    return at - timedelta(days=settings.BEHAVIOUR_KEEP_DAYS)


def take_in(*, source: str, rows: Sequence[Any], at: datetime) -> list[Result]:
    """Take events in as they were sent; gives a verdict on each, in their order.

    Raises:
        Invalid: more than a thousand.
    """
    if len(rows) > MOST:
        raise Invalid(_("At most %(most)s at once.") % {"most": MOST})
    results = [Result(_number(row), REFUSED) for row in rows]
    good: list[tuple[Result, Told]] = []
    since = oldest(at)
    for row, result in zip(rows, results, strict=True):
        try:
            good.append((result, rules.read(row, at=at, oldest=since)))
        except Invalid as error:
            result.why = str(error)
    if good:
        keep(source=source, told=good, at=at)
    return results


@transaction.atomic
def keep(*, source: str, told: Sequence[tuple[Result, Told]], at: datetime) -> None:
    """Write events down, and into their results what became of each."""
    people = _people({one.member for _result, one in told if one.member})
    first: dict[str, tuple[Result, Told]] = {}
    again: list[tuple[Result, Told]] = []
    for result, one in told:
        who = people.get(one.member)
        if one.member and who is None:
            result.why = f"member: {_('There is no such member.')}"
        elif who is not None and who.is_erased:
            result.why = f"member: {_('The data of this member was erased.')}"
        elif one.external_id in first:
            again.append((result, one))
        else:
            first[one.external_id] = (result, one)
    new = _write(source, [one for _result, one in first.values()], people, at)
    for number in new:
        first[number][0].result = TAKEN
    _compare(source, [pair for number, pair in first.items() if number not in new] + again)


def _people(numbers: set[str]) -> dict[str, _Who]:
    if not numbers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(WHO, [sorted(numbers)])
        return {row[0]: _Who(*row[1:]) for row in cursor.fetchall()}


def _write(source: str, told: Sequence[Told], people: dict[str, _Who], at: datetime) -> set[str]:
    """Write those that are not known yet, in the order of their numbers, as everybody does."""
    rows = [_row(one, people.get(one.member)) for one in sorted(told, key=lambda one: one.external_id)]
    if not rows:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [source, at, *(list(column) for column in zip(*rows, strict=True))])
        return {row[0] for row in cursor.fetchall()}


def _row(one: Told, who: _Who | None) -> tuple[Any, ...]:
    """The columns of an event. Of who does not want to be profiled, only that it happened."""
    is_known = who is None or not who.has_refused
    hints = "{" + ",".join(one.hints) + "}" if one.hints else None
    return (
        one.external_id, one.content, one.name, one.at, who.pk if who and is_known else None,
        one.visitor if is_known else "", one.session if is_known else "", one.product,
        one.order if is_known else "", one.amount_fen, one.query if is_known else "", hints, one.device,
        one.channel, one.page if is_known else "",
    )  # fmt: skip


def _compare(source: str, told: Sequence[tuple[Result, Told]]) -> None:
    """Say of what was known whether it said the same."""
    if not told:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id, content FROM feedback_behaviourevent"
            " WHERE source = %s AND external_id = ANY(%s)",
            [source, [one.external_id for _result, one in told]],
        )
        known = dict(cursor.fetchall())
    for result, one in told:
        if known.get(one.external_id) == one.content:
            result.result = REPEATED
        else:
            result.why = str(_("This number came before with another content."))


def _number(row: Any) -> str:
    """The number that a row says it has, for the answer."""
    number = row.get("external_id") if isinstance(row, dict) else ""
    return str(number)[: rules.TEXTS["external_id"]] if isinstance(number, str | int) else ""
