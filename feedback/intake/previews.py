"""Looking at an import before it is run."""

from dataclasses import dataclass

from compensation.shop_import.engine import Preview
from feedback.intake import shop
from feedback.intake.running import folder_of
from feedback.models import ImportRun

ROWS = 1_000
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the first rows of each file found."""

    parts: list[Preview]
    unused: list[str]


def look(run: ImportRun) -> Looked:
    """Convert the first rows of each file and write nothing.

    Raises:
        MapError, FileError: the map is not valid, or the files do not fit it.
    """
    home = folder_of(run)
    work = shop.of_files([home / name for name in run.files], shop.parse_map(run.map_text))
    unused = work.check()
    return Looked(work.preview(limit=ROWS), unused)
