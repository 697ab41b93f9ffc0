"""A file beside the import for what does not fit into memory: joined files and the keys seen.

It is SQLite because it comes with Python and is thrown away with the import; the data of the house never
goes there.
"""

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from compensation.shop_import.convert import text_of
from compensation.shop_import.maps import JoinMap
from compensation.shop_import.readers import Cell

KEYS_AT_ONCE = 500


class Scratch:
    """The scratch file of one import."""

    def __init__(self) -> None:
        """Make the file; it is removed at the end of the `with`."""
        self._folder = tempfile.TemporaryDirectory(prefix="import-")
        self._db = sqlite3.connect(Path(self._folder.name) / "scratch", isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-8000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(
            "CREATE TABLE lent (name TEXT, key TEXT, content TEXT, PRIMARY KEY (name, key)) WITHOUT ROWID"
        )
        self._db.execute(
            "CREATE TABLE seen (entity TEXT, key TEXT, line INT, digest BLOB, PRIMARY KEY (entity, key))"
            " WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        self._folder.cleanup()

    def lend(self, join: JoinMap, rows: Iterable[tuple[str, Mapping[str, Cell]]]) -> None:
        """Add rows, each with its key, to what the join lends; rows of one key become one."""
        groups: dict[str, dict[str, Any]] = {}
        for key, cells in rows:
            group = groups.setdefault(key, {})
            for column, how in join.take.items():
                group[column] = merge(how, group.get(column), _plain(cells.get(column)))
        before = self.find(join.name, groups)
        for key, held in before.items():
            group = groups[key]
            for column, how in join.take.items():
                group[column] = merge("sum" if how == "count" else how, held[column], group[column])
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO lent VALUES (?, ?, ?)",
            [(join.name, key, json.dumps(group)) for key, group in groups.items()],
        )
        self._db.execute("COMMIT")

    def find(self, name: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What the join lends to each of the keys."""
        wanted = list(keys)
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            some = wanted[start : start + KEYS_AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, content FROM lent WHERE name = ? AND key IN ({marks})"  # noqa: S608 -- marks only
            found.update(
                (key, json.loads(content)) for key, content in self._db.execute(query, [name, *some])
            )
        return found

    def first_seen(self, entity: str, key: str, line: int, content: Any) -> tuple[int, bool] | None:
        """None the first time a key comes; after that, the first's line and whether the content was equal."""
        digest = hashlib.blake2b(repr(content).encode(errors="surrogatepass"), digest_size=12).digest()
        try:
            self._db.execute("INSERT INTO seen VALUES (?, ?, ?, ?)", [entity, key, line, digest])
        except sqlite3.IntegrityError:
            first, held = self._db.execute(
                "SELECT line, digest FROM seen WHERE entity = ? AND key = ?", [entity, key]
            ).fetchone()
            return first, held == digest
        return None


def merge(how: str, held: Any, new: Any) -> Any:
    """One value of two, as the map says; an empty one gives way."""
    if how == "count":
        return (held or 0) + 1
    if held in EMPTY or new in EMPTY:
        return held if new in EMPTY else new
    return MERGE[how](held, new)


def _sum(held: Any, new: Any) -> Any:
    if isinstance(held, int) and isinstance(new, int):
        return held + new
    try:
        return str(Decimal(str(held)) + Decimal(str(new)))
    except InvalidOperation:
        return f"{held} + {new}"  # not numbers: the row that borrows it is rejected and shows them


def _order(held: Any, new: Any) -> Callable[[Any], Any]:
    return Decimal if isinstance(held, int | float) and isinstance(new, int | float) else str


EMPTY = (None, "")
MERGE: dict[str, Callable[[Any, Any], Any]] = {
    "first": lambda held, _new: held,
    "last": lambda _held, new: new,
    "sum": _sum,
    "min": lambda held, new: min(held, new, key=_order(held, new)),
    "max": lambda held, new: max(held, new, key=_order(held, new)),
}


def _plain(cell: Cell) -> str | int | float | None:
    return cell if cell is None or isinstance(cell, int | float) else text_of(cell)
