"""From a cell to a value: times, money, numbers, names of states. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _

from compensation.shop_import.maps import ISO, FieldMap, Format
from compensation.shop_import.readers import Cell
from config.common.money import FEN_PER_YUAN, fen_from_yuan

BIGGEST = 2**53
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""What can be a time in the life of a shop; 1970 is what systems write for none."""
EARLIEST_DAY = date(1900, 1, 1)  # birthdays
AHEAD = timedelta(days=1)
"""So far may what has happened lie ahead: exports without a zone are off by hours."""
DAY = re.compile(r"\d{4}[-/]?\d{1,2}[-/]?\d{1,2}")
MIDNIGHT = time()
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
YES, NO = {"1", "true", "yes", "y", "是"}, {"0", "false", "no", "n", "否"}


class Type(Enum):
    """What a field holds."""

    TEXT = "text"
    EMAIL = "email"
    TIME = "time"
    DATE = "date"
    MONEY = "money"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of an entity: what it holds, and how much of it."""

    type: Type = Type.TEXT
    longest: int = 200
    required: bool = False
    least: int = 0
    most: int = BIGGEST
    choices: tuple[str, ...] = ()
    cut: bool = False
    past: bool = False
    """A time of something that has happened."""


class BadValueError(ValueError):
    """The cell does not hold such a value; the text says why."""


def value_of(cells: Mapping[str, Cell], field: FieldMap, kind: FieldType) -> Any:
    """The value of a field in a row; None where there is none.

    Raises:
        BadValueError: it is missing though required, or not such a value.
    """
    raw = _raw(cells, field)
    if isinstance(raw, str):
        if "\0" in raw:
            raise BadValueError(_("holds a NUL character"))
        raw = raw.strip()
        if raw in field.format.blank:
            raw = ""
    if raw is None or raw == "":
        raw = field.default
    if raw is None or raw == "":
        if kind.required:
            raise BadValueError(_("is empty"))
        return "" if kind.type in {Type.TEXT, Type.EMAIL, Type.CHOICE} else None
    if field.values is not None:
        written = text_of(raw)
        if written not in field.values:
            raise BadValueError(_("is not in the map's list of values"))
        raw = field.values[written]
    return CONVERTERS[kind.type](raw, field, kind)


def _raw(cells: Mapping[str, Cell], field: FieldMap) -> Cell:
    if field.only_if and not any(text_of(cells.get(column)) for column in field.only_if):
        return None
    if field.constant is not None:
        return field.constant
    if len(field.columns) == 1:
        return cells.get(field.columns[0])
    parts = [text_of(cells.get(column)) for column in field.columns]
    return field.separator.join(parts) if all(parts) else None


def text_of(cell: Cell) -> str:
    """What a person sees in the cell: 123 for a spreadsheet's 123.0."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < BIGGEST:
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
    return str(cell).strip()


def to_text(raw: Cell, _field: FieldMap, kind: FieldType) -> str:
    """Text that fits."""
    text = text_of(raw)
    if len(text) <= kind.longest:
        return text
    if kind.cut:
        return text[: kind.longest - 1] + "…"
    raise BadValueError(_("is longer than {longest} characters").format(longest=kind.longest))


def to_email(raw: Cell, field: FieldMap, kind: FieldType) -> str:
    """An e-mail address."""
    text = to_text(raw, field, kind)
    if not EMAIL.fullmatch(text):
        raise BadValueError(_("is not an e-mail address"))
    return text


def to_choice(raw: Cell, _field: FieldMap, kind: FieldType) -> str:
    """One of our names."""
    text = text_of(raw)
    if text not in kind.choices:
        raise BadValueError(_("is not one of {names}").format(names=", ".join(kind.choices)))
    return text


def to_time(raw: Cell, field: FieldMap, _kind: FieldType) -> datetime:
    """A moment. A day alone is its first moment, or with `end_of_day` the first after it.

    With `end_of_day` a time of midnight also means the day: shops export a date so.
    """
    moment, day_only = _moment(raw, field.format)
    try:
        if field.end_of_day and (day_only or moment.time() == MIDNIGHT):
            moment += timedelta(days=1)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=field.format.zone)
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise BadValueError(_("is not a time that can be")) from error
    if not EARLIEST <= moment < LATEST:
        raise BadValueError(_("is not a time that can be"))
    return moment


def to_date(raw: Cell, field: FieldMap, _kind: FieldType) -> date:
    """A day, such as a birthday."""
    day = _moment(raw, field.format)[0].date()
    if not EARLIEST_DAY <= day < LATEST.date():
        raise BadValueError(_("is not a time that can be"))
    return day


def _moment(raw: Cell, formats: Format) -> tuple[datetime, bool]:
    """The time as written, and whether it is a day alone."""
    if isinstance(raw, datetime):
        return raw, False
    if isinstance(raw, date):
        return datetime.combine(raw, MIDNIGHT), True
    text = text_of(raw)
    for pattern in formats.dates:
        try:
            if pattern == ISO:
                return datetime.fromisoformat(text), bool(DAY.fullmatch(text))
            day_only = not any(sign in pattern for sign in ("%H", "%I", "%M", "%S", "%c", "%X"))
            return datetime.strptime(text, pattern), day_only  # noqa: DTZ007 -- to_time gives it the map's zone
        except ValueError:
            continue
    raise BadValueError(_("is not a time written as {patterns}").format(patterns=" | ".join(formats.dates)))


def to_money(raw: Cell, field: FieldMap, kind: FieldType) -> int:
    """Whole fen."""
    amount = _decimal(raw, field.format)
    if amount != amount.quantize(Decimal("0.0001")):
        raise BadValueError(_("is not an amount of money"))
    fen = fen_from_yuan(amount if field.format.unit == "yuan" else amount / FEN_PER_YUAN)
    return _within(fen, kind)


def to_number(raw: Cell, field: FieldMap, kind: FieldType) -> int:
    """A whole number."""
    number = _decimal(raw, field.format)
    if number != number.to_integral_value():
        raise BadValueError(_("is not a whole number"))
    return _within(int(number), kind)


def _decimal(raw: Cell, formats: Format) -> Decimal:
    if isinstance(raw, bool):
        raise BadValueError(_("is not a number"))
    text = str(raw) if isinstance(raw, int | float) else text_of(raw)
    if not isinstance(raw, int | float):
        text = text.lstrip("¥￥$").strip()
        if formats.thousands:
            text = text.replace(formats.thousands, "")
        if formats.decimal != ".":
            text = text.replace(".", "\0").replace(formats.decimal, ".")
    try:
        number = Decimal(text)
        if not number.is_finite() or "_" in text or abs(number) > BIGGEST:
            raise BadValueError(_("is not a number"))
    except InvalidOperation as error:
        raise BadValueError(_("is not a number")) from error
    return number


def _within(number: int, kind: FieldType) -> int:
    if not kind.least <= number <= kind.most:
        raise BadValueError(_("is not between {least} and {most}").format(least=kind.least, most=kind.most))
    return number


def to_flag(raw: Cell, _field: FieldMap, _kind: FieldType) -> bool:
    """Yes or no."""
    text = text_of(raw).lower()
    if text not in YES | NO:
        raise BadValueError(_("is neither yes nor no"))
    return text in YES


CONVERTERS: dict[Type, Callable[[Cell, FieldMap, FieldType], Any]] = {
    Type.TEXT: to_text,
    Type.EMAIL: to_email,
    Type.TIME: to_time,
    Type.DATE: to_date,
    Type.MONEY: to_money,
    Type.NUMBER: to_number,
    Type.FLAG: to_flag,
    Type.CHOICE: to_choice,
}
