"""Tables as files: CSV that spreadsheets open without harm, and XLSX. Both in little memory."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from tempfile import TemporaryFile

import xlsxwriter
from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone

Row = Sequence[object]
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CELL_LENGTH = 32_767


class _Echo:
    """What csv writes to, so that each line can be taken from it at once."""

    def write(self, line: str) -> str:
        """Hand the line back."""
        return line


def csv_response(name: str, rows: Iterable[Row]) -> StreamingHttpResponse:
    """The rows as a CSV file, line by line. Text that a spreadsheet would run as a formula is quoted."""

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield "\ufeff"  # tells spreadsheets that it is UTF-8
        for row in rows:
            yield writer.writerow([_harmless(_plain(value)) for value in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_response(name: str, rows: Iterable[Row]) -> FileResponse:
    """The rows as an XLSX file; text stays text, whatever it begins with."""
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(number, column, _plain(value))
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx")


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
