"""Tables as files: CSV that spreadsheets open without harm, and XLSX. Both in little memory.

Every list that staff take out goes through `export`, which asks for the permission and leaves an event.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from django.db import transaction
from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.errors import DomainError, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User

Row = Sequence[object]
EXPORTS = "common.export_lists"
MOST_ROWS = 50_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
CELL_LENGTH = 32_767


class TooLong(DomainError):
    """More rows than a file holds."""

    code = "too_long"
    default = _("A file holds up to %(most)s rows: narrow the list down.")

    def __init__(self) -> None:
        """Say how many a file holds."""
        super().__init__(str(self.default) % {"most": MOST_ROWS})


@dataclass(frozen=True, slots=True)
class Table:
    """A list as a file: its name, its head, how many rows there are, and the rows when they are asked for."""

    name: str
    head: Sequence[Any]
    number: int
    rows: Callable[[], Iterable[Row]]
    filters: Mapping[str, str] = field(default_factory=dict)
    """What it is narrowed to, for the record. Not what was searched for: that may name a person."""
    more: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """Further sheets by their names, in a kind of file that has several."""


def export(user: User, kind: str, table: Table, *, at: datetime) -> StreamingHttpResponse | FileResponse:
    """Hand a list out as a file of a kind in FILES, and put on record who took what.

    Raises:
        NotPermitted: the person may not take lists out.
        NotFound: no such kind of file.
        TooLong: the list has more rows than a file holds; it is refused rather than cut off.
    """
    if not user.has_perm(EXPORTS):
        raise NotPermitted
    if kind not in FILES:
        raise NotFound
    if table.number > MOST_ROWS:
        raise TooLong
    with transaction.atomic():
        record(
            "list.exported",
            user,
            actor=user,
            at=at,
            list=table.name,
            format=kind,
            rows=table.number,
            filters=dict(table.filters),
        )
    name = f"{table.name}-{timezone.localtime(at):%Y%m%d-%H%M}"
    rows = chain([[str(cell) for cell in table.head]], table.rows())
    return xlsx_response(name, rows, table.more) if kind == "xlsx" else FILES[kind](name, rows)


class _Echo:
    """What csv writes to, so that each line can be taken from it at once."""

    def write(self, line: str) -> str:
        """Hand the line back."""
        return line


def in_lines(rows: Iterable[Row]) -> Iterator[str]:
    """The rows as lines of CSV. Text that a spreadsheet would run as a formula is quoted."""
    writer = csv.writer(_Echo())
    yield "\ufeff"  # tells spreadsheets that it is UTF-8
    for row in rows:
        yield writer.writerow([_harmless(_plain(value)) for value in row])


def csv_response(name: str, rows: Iterable[Row]) -> StreamingHttpResponse:
    """The rows as a CSV file, line by line."""
    response = StreamingHttpResponse(in_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_response(
    name: str, rows: Iterable[Row], more: Mapping[str, Sequence[Row]] | None = None
) -> FileResponse:
    """The rows as an XLSX file."""
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    write_book(file, rows, more)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx")


def write_book(file: IO[bytes], rows: Iterable[Row], more: Mapping[str, Sequence[Row]] | None = None) -> None:
    """Write the rows as an XLSX; text stays text, whatever it begins with. `more` are further sheets."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        for title, lines in chain([(None, rows)], (more or {}).items()):
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(lines):
                for column, value in enumerate(row):
                    sheet.write(number, column, _plain(value))


FILES: Mapping[str, Callable[[str, Iterable[Row]], StreamingHttpResponse | FileResponse]] = {
    "csv": csv_response,
    "xlsx": xlsx_response,
}
"""The kinds of files."""


def _plain(value: object) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return str(value)[:CELL_LENGTH]


def _harmless(value: str | float) -> str | float:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
