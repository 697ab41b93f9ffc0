"""The finance report as rows: for files, and for the terminal."""

from collections.abc import Iterator
from unicodedata import east_asian_width

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from compensation.finance.queries import Report
from compensation.models import Flow, GrantKind, GrantStatus, Unit
from config.common.money import yuan_from_fen
from config.common.sheets import Row


def shown(amount: int, unit: str) -> object:
    """Points as a number, everything else in yuan."""
    return amount if unit == Unit.POINTS else yuan_from_fen(amount)


def statement_rows(report: Report) -> Iterator[Row]:
    """Unit, what, kind, amount, entries: opening, moves, closing, and how far off the balances."""
    for one in report.statements:
        yield [one.label, _("opening"), "", shown(one.opening, one.unit), ""]
        for move in one.moves:
            yield [one.label, move.label, move.kind, shown(move.amount, one.unit), move.entries]
        yield [one.label, _("closing"), "", shown(one.closing, one.unit), ""]
        if one.proof is not None:
            yield [one.label, _("difference to all balances"), "", shown(one.proof.difference, one.unit), ""]


def reason_rows(report: Report) -> Iterator[Row]:
    """Unit, cause, department, each flow, and what they come to."""
    for one in report.reasons:
        amounts = [shown(amount, one.unit) for amount in one.amounts]
        yield [str(Unit(one.unit).label), one.cause, one.department, *amounts]


def promised_rows(report: Report) -> Iterator[Row]:
    """Kind, status, cause, department, how many, and what they cost."""
    for one in report.promised:
        yield [
            str(GrantKind(one.kind).label), str(GrantStatus(one.status).label), one.cause, one.department,
            one.number, yuan_from_fen(one.fen),
        ]  # fmt: skip


def statement_head() -> list[str]:
    """The columns of `statement_rows`."""
    return [_("Unit"), _("What"), _("Kind"), _("Amount"), _("Entries")]


def reason_head() -> list[str]:
    """The columns of `reason_rows`."""
    return [_("Unit"), _("Cause"), _("Department"), *(str(one.label) for one in Flow), _("still held")]


def promised_head() -> list[str]:
    """The columns of `promised_rows`."""
    return [_("What"), _("Status"), _("Cause"), _("Department"), pgettext("finance", "Number"), _("Amount")]


def table(head: list[str], rows: list[Row]) -> str:
    """Rows for a terminal, columns aligned; a Chinese character is two wide."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(_width(row[place]) for row in cells) for place in range(len(head))]
    lines = []
    for row in cells:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(padded).rstrip())
    return "\n".join([lines[0], "-" * _width(max(lines, key=_width)), *lines[1:]])


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
