"""A report as a workbook: a sheet a section, numbers as numbers with their units. The same gives the same."""

from collections.abc import Mapping
from datetime import UTC
from io import BytesIO

import xlsxwriter
from django.utils.translation import gettext as _

from kpis.models import Report
from kpis.reports.words import Section, sections, title

NAME = 31
"""So long may the name of a sheet be."""
WIDTH = 22
WHOLE, DECIMAL = "#,##0", "#,##0.0#"
"""How numbers are written: of things, and of what is measured."""


def workbook(report: Report) -> bytes:
    """The file, in the language of the moment."""
    file = BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties(
        {"title": title(report), "created": report.made_at.astimezone(UTC).replace(tzinfo=None)}
    )
    bold, plain = book.add_format({"bold": True}), book.add_format()
    first = book.add_worksheet(_("Report")[:NAME])
    first.set_column(0, 0, WIDTH * 2)
    for row, words in enumerate((title(report), f"{report.first} – {report.last}")):
        first.write_string(row, 0, words, bold if not row else plain)
    found = sections(report)
    units = {cell.unit for one in found for cells in one.table.rows for cell in cells}
    formats = {
        unit: book.add_format({"num_format": f'{DECIMAL}" {unit}"' if unit else WHOLE})
        for unit in sorted(units)
    }
    for section in found:
        _sheet(book, section, bold, formats)
    book.close()
    return file.getvalue()


def _sheet(book: xlsxwriter.Workbook, section: Section, bold: object, formats: Mapping[str, object]) -> None:
    sheet = book.add_worksheet(section.title[:NAME])
    sheet.set_column(0, len(section.table.head) - 1, WIDTH)
    sheet.freeze_panes(1, 1)
    for column, words in enumerate(section.table.head):
        sheet.write_string(0, column, words, bold)
    for row, cells in enumerate(section.table.rows, start=1):
        for column, cell in enumerate(cells):
            if cell.number is None:
                sheet.write_string(row, column, cell.text)
            else:
                sheet.write_number(row, column, cell.number, formats[cell.unit])
