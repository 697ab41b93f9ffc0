"""The report of what was not imported: one line a bad row, for people to mend the file by."""

import csv
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from django.utils.translation import gettext as _

MAX_VALUE = 200
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Reject:
    """A row, or one cell of it, that cannot be imported."""

    file: str
    line: int
    column: str
    value: str
    reason: str


class Report:
    """The file of the rejects; it exists only when there are any."""

    def __init__(self, path: Path | None) -> None:
        """Write to `path`, or only count when there is none."""
        self.path = path
        self.count = 0
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self.path:
            self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, reject: Reject) -> None:
        """Write one reject down."""
        self.count += 1
        if not self.path:
            return
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow([_("file"), _("line"), _("column"), _("value"), _("reason")])
        csv.writer(self._file).writerow(
            [
                harmless(reject.file),
                reject.line,
                harmless(reject.column),
                harmless(reject.value),
                harmless(reject.reason),
            ]
        )


def harmless(value: str) -> str:
    """The text as a spreadsheet may show it: short, and never run as a formula."""
    shown = value.replace("\0", "\N{SYMBOL FOR NULL}")
    if len(shown) > MAX_VALUE:
        shown = shown[: MAX_VALUE - 1] + "…"
    return f"'{shown}" if shown.startswith(FORMULA) else shown
