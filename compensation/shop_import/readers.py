"""Rows of CSV and XLSX files, one by one, however large the file."""

import codecs
import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from compensation.shop_import.errors import FileError
from compensation.shop_import.maps import Source

Cell = str | int | float | bool | datetime | date | None
Progress = Callable[[int, int], None]
"""Told of the bytes (or spreadsheet rows) done and in all."""

CHUNK = 1 << 16
DELIMITERS = ",;\t|"
MAX_LINE = 1 << 20
MAX_UNPACKED = 4 << 30
MAX_STRINGS = 256 << 20
EVERY = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it starts on, its cells by column, and what is wrong with its form, if anything."""

    line: int
    cells: dict[str, Cell]
    fault: str = ""


def rows(
    path: Path, source: Source, wanted: set[str], progress: Progress = lambda _done, _total: None
) -> Iterator[Row]:
    """The rows of a file with at least the `wanted` columns.

    Raises:
        FileError: it is empty, not a table, does not have the columns, or breaks off.
    """
    if not path.exists() or not path.is_file():
        raise FileError(_("{file}: there is no such file.").format(file=path.name))
    if not path.stat().st_size:
        raise FileError(_("{file} is empty.").format(file=path.name))
    try:
        with path.open("rb") as file:
            start = file.read(8192)
    except OSError as error:
        raise FileError(_("{file} cannot be read: {error}").format(file=path.name, error=error)) from error
    if start.startswith(b"PK\x03\x04"):
        return _xlsx(path, source, wanted, progress)
    return _csv(path, source, wanted, progress, start)


def _csv(path: Path, source: Source, wanted: set[str], progress: Progress, start: bytes) -> Iterator[Row]:
    state = path.stat()
    total = state.st_size
    encoding = source.encoding or _encoding(path, start, (total, state.st_mtime_ns))
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise FileError(
            _("{file}: there is no encoding {encoding}.").format(file=path.name, encoding=encoding)
        ) from error
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
        try:
            yield from _csv_rows(path, text, source, wanted, lambda: progress(raw.tell(), total))
        except UnicodeError as error:
            raise FileError(
                _("{file} is not text in {encoding} throughout: {error}").format(
                    file=path.name, encoding=encoding, error=error
                )
            ) from error
    progress(total, total)


def _csv_rows(
    path: Path, text: IO[str], source: Source, wanted: set[str], progress: Callable[[], None]
) -> Iterator[Row]:
    head = text.readline(MAX_LINE)
    delimiter = source.delimiter or max(
        DELIMITERS, key=lambda one: len(wanted & set(_names(next(csv.reader([head], delimiter=one), []))))
    )
    reader = csv.reader(_again(head, text), delimiter=delimiter)
    line = 1
    try:
        columns = _names(next(reader, []))
        _check_header(path, columns, wanted)
        line = reader.line_num + 1
        for number, cells in enumerate(reader):
            if cells:
                yield _row(line, columns, cells)
            line = reader.line_num + 1
            if number % EVERY == 0:
                progress()
    except csv.Error as error:
        raise FileError(
            _("{file}, line {line}: {error}. Is a quotation mark missing? Nothing after it was read.").format(
                file=path.name, line=line, error=error
            )
        ) from error


def _again(head: str, text: IO[str]) -> Iterator[str]:
    """The lines, the first one again first; never more of one than fits into memory."""
    line = head
    while line:
        if len(line) == MAX_LINE:
            raise csv.Error(_("the line is longer than {most} characters").format(most=MAX_LINE))
        yield line
        line = text.readline(MAX_LINE)


def _row(line: int, columns: list[str], cells: list[Any]) -> Row:
    fault = ""
    if len(cells) != len(columns):
        fault = _("{cells} cells under {columns} columns").format(cells=len(cells), columns=len(columns))
    return Row(line, dict(zip(columns, cells, strict=False)), fault)


def _names(cells: list[Any]) -> list[str]:
    return ["" if cell is None else str(cell).strip().strip("\ufeff") for cell in cells]


def _check_header(path: Path, columns: list[str], wanted: set[str]) -> None:
    missing = sorted(wanted - set(columns))
    if missing:
        raise FileError(
            _("{file} does not fit the map: it has no column {missing}; it has {columns}.").format(
                file=path.name, missing=", ".join(missing), columns=", ".join(columns)[:500] or "-"
            ),
            missing=missing,
        )
    twice = sorted({name for name in columns if name in wanted and columns.count(name) > 1})
    if twice:
        raise FileError(
            _("{file} has more than one column {columns}.").format(file=path.name, columns=", ".join(twice))
        )


@lru_cache(maxsize=64)
def _encoding(path: Path, start: bytes, state: tuple[int, int]) -> str:  # noqa: ARG001 - a changed file is tried anew
    """UTF-8 (with or without a mark), UTF-16 with a mark, else GB 18030; tried on the whole file, once."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start[:1024] or start.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8", b"\xd0\xcf\x11\xe0")):
        raise FileError(_("{file} is neither CSV nor XLSX.").format(file=path.name))
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileError(
        _("{file} is neither CSV in UTF-8 or GB 18030 nor XLSX. Name its encoding in the map.").format(
            file=path.name
        )
    )


def _xlsx(path: Path, source: Source, wanted: set[str], progress: Progress) -> Iterator[Row]:
    with _workbook(path) as book:
        if source.sheet and source.sheet not in book.sheetnames:
            raise FileError(
                _("{file} has no sheet {sheet}; it has {sheets}.").format(
                    file=path.name, sheet=source.sheet, sheets=", ".join(book.sheetnames)
                )
            )
        sheet = book[source.sheet] if source.sheet else book.worksheets[0]
        sheet.reset_dimensions()
        columns: list[str] = []
        try:
            for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                if not columns:
                    columns = _names(list(cells))
                    while columns and not columns[-1]:
                        columns.pop()
                    _check_header(path, columns, wanted)
                elif any(cell is not None for cell in cells):
                    yield _row(line, columns, _padded(list(cells), len(columns)))
                if line % EVERY == 0:
                    progress(line, 0)
        except (KeyError, ValueError, TypeError, zipfile.BadZipFile, SyntaxError, OSError) as error:
            raise FileError(_("{file} breaks off: {error}").format(file=path.name, error=error)) from error
        if not columns:
            raise FileError(_("{file} is empty.").format(file=path.name))


def _padded(cells: list[Any], width: int) -> list[Any]:
    """A spreadsheet leaves out the empty cells at the end of a row, or adds some."""
    while len(cells) > width and cells[-1] is None:
        cells.pop()
    return cells + [None] * (width - len(cells))


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    """The workbook, refused before it is unpacked when it would fill the memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED or any(
                part.file_size > MAX_STRINGS
                for part in archive.infolist()
                if part.filename == "xl/sharedStrings.xml"
            ):
                raise FileError(
                    _("{file} is too large for a spreadsheet: save it as CSV.").format(file=path.name)
                )
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as error:
        raise FileError(
            _("{file} is not a spreadsheet that can be read: {error}").format(file=path.name, error=error)
        ) from error
    with closing(book):
        if not book.worksheets:
            raise FileError(_("{file} is empty.").format(file=path.name))
        yield book
