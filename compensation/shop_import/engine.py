"""The import itself: files in, rows written in batches, what is bad reported, in constant memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatch
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from compensation.shop_import.convert import BadValueError, text_of, value_of
from compensation.shop_import.errors import FileError, MapError
from compensation.shop_import.maps import ColumnMap, EntityMap, JoinMap, Source
from compensation.shop_import.readers import Cell, Row, rows
from compensation.shop_import.reports import Reject, Report
from compensation.shop_import.scratch import Scratch
from compensation.shop_import.targets import Item, Target, Written, by_name

BATCH = 1_000
LOOKED_AT = 50_000
TRIES = 3
T = TypeVar("T")
Tell = Callable[[str, str, int, int], None]
"""Told of the entity, the file, and how much of it is done of how much."""


@dataclass(slots=True)
class Count:
    """What became of the rows of one entity."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Result:
    """What an import did."""

    counts: dict[str, Count] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of an entity as they would be written."""

    entity: str
    file: str
    fields: Sequence[str]
    rows: Sequence[Sequence[Any]]
    rejects: Sequence[Reject]


@dataclass(frozen=True, slots=True)
class Import:
    """Files, the map that explains them, and the targets that take their rows."""

    files: Sequence[Path]
    map: ColumnMap
    targets: Sequence[Target]

    def matching(self, source: Source) -> list[Path]:
        """The files that a part of the map is about."""
        return [path for path in self.files if fnmatch(path.name, source.file)]

    def check(self) -> list[str]:
        """Look at every header before anything is written; give the files that the map does not use.

        Raises:
            MapError: a required field of an entity has no column.
            FileError: a file does not fit the map, or none does.
        """
        known = by_name(self.targets)
        used: set[Path] = set()
        for part in self.map.entities:
            missing = [
                name
                for name, kind in known[part.entity].fields.items()
                if kind.required and name not in part.fields and known[part.entity].must_be_given(name)
            ]
            if missing:
                raise MapError(
                    _("In the map, {path} has no {missing}.").format(
                        path=part.path, missing=", ".join(missing)
                    )
                )
            files = self.matching(part.source)
            used.update(files)
            for path in files:
                self._check_header(path, part)
        if not used:
            raise FileError(
                _("None of the files is named in the map: {files}.").format(
                    files=", ".join(path.name for path in self.files) or "-"
                )
            )
        for join in self.map.joins.values():
            used.update(self.matching(join.source))
        return [path.name for path in self.files if path not in used]

    def _check_header(self, path: Path, part: EntityMap | JoinMap) -> None:
        next(rows(path, part.source, part.columns), None)
        for name in part.joins:
            join = self.map.joins[name]
            files = self.matching(join.source)
            if not files:
                raise FileError(
                    _("{file} needs {other}, which is missing.").format(
                        file=path.name, other=join.source.file
                    )
                )
            for other in files:
                self._check_header(other, join)

    def run(self, *, at: datetime, report: Report, tell: Tell = lambda *_args: None) -> Result:
        """Import everything; a file that breaks off ends there, and the others go on.

        Raises:
            MapError, FileError: see `check`; nothing was written.
        """
        result = Result(unused=self.check())
        with Scratch() as scratch:
            running = _Running(self, scratch, report, at, tell)
            for target in self.targets:
                for part in self.map.entities:
                    if part.entity == target.name:
                        count = result.counts.setdefault(target.name, Count())
                        for path in self.matching(part.source):
                            try:
                                running.take(path, part, target, count)
                            except FileError as error:
                                result.failures.append(str(error))
                                report.add(Reject(path.name, 0, "", "", str(error)))
        return result

    def preview(self, *, limit: int = 10) -> list[Preview]:
        """The first rows of each entity, converted but not written.

        Joined files are read to their end, up to a number of rows. References to other rows are not
        looked up.

        Raises:
            MapError, FileError: see `check`.
        """
        known = by_name(self.targets)
        with Scratch() as scratch:
            running = _Running(self, scratch, Report(None), None, lambda *_args: None, LOOKED_AT)
            return [
                running.preview(path, part, known[part.entity], limit)
                for part in self.map.entities
                for path in self.matching(part.source)
            ]


@dataclass(slots=True)
class _Running:
    """An import while it runs."""

    work: Import
    scratch: Scratch
    report: Report
    at: datetime | None
    """None: only to look at."""
    tell: Tell
    most: int | None = None
    """So many rows of a joined file are enough."""
    lent: dict[str, FileError | None] = field(default_factory=dict)

    def take(self, path: Path, part: EntityMap, target: Target, count: Count) -> None:
        """Import one file as one entity."""
        if self.at is None:
            raise AssertionError
        self._lend(part.joins)
        reading = rows(path, part.source, part.columns, partial(self.tell, target.name, path.name))
        for batch in _batches(reading, min(BATCH, target.batch)):
            _borrow(batch, part.joins, self.scratch)
            items = list(_items(batch, path.name, part, target, count))
            fresh = [item for item in items if item.fault or not _repeated(item, part, self.scratch, count)]
            written = _write(target, fresh, self.at)
            bad = [item for item in fresh if item.fault]
            for item in bad:
                self.report.add(_reject(item, part))
            count.rejected += len(bad)
            count.inserted += written.inserted
            count.updated += written.updated
            count.unchanged += len(fresh) - len(bad) - written.inserted - written.updated

    def preview(self, path: Path, part: EntityMap, target: Target, limit: int) -> Preview:
        """Convert the first rows of one file."""
        self._lend(part.joins)
        batch = list(islice(rows(path, part.source, part.columns), limit))
        _borrow(batch, part.joins, self.scratch)
        items = list(_items(batch, path.name, part, target, Count()))
        return Preview(
            part.entity,
            path.name,
            list(part.fields),
            [list(item.values.values()) for item in items if not item.fault],
            [_reject(item, part) for item in items if item.fault],
        )

    def _lend(self, names: Iterable[str]) -> None:
        """Read the joined files that have not been read yet; one that broke off lends nothing."""
        for name in names:
            if name not in self.lent:
                try:
                    self._read(self.work.map.joins[name])
                    self.lent[name] = None
                except FileError as error:
                    self.lent[name] = error
            if broken := self.lent[name]:
                raise broken

    def _read(self, join: JoinMap) -> None:
        self._lend(join.joins)
        for path in self.work.matching(join.source):
            reading = rows(path, join.source, join.columns, partial(self.tell, "", path.name))
            for batch in _batches(islice(reading, self.most), BATCH):
                _borrow(batch, join.joins, self.scratch)
                keyed = [(text_of(row.cells.get(join.key)), row) for row in batch]
                self.scratch.lend(join, [(key, row.cells) for key, row in keyed if key and not row.fault])
                for row in batch:
                    if row.fault:
                        self.report.add(Reject(path.name, row.line, "", "", row.fault))


def _batches(reading: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(reading, size)):
        yield batch


def _borrow(batch: Sequence[Row], joins: Mapping[str, str], scratch: Scratch) -> None:
    """Add the columns that joins lend to the rows, as "join.column"."""
    for name, column in joins.items():
        keys = [text_of(row.cells.get(column)) for row in batch]
        lent = scratch.find(name, set(keys))
        for row, key in zip(batch, keys, strict=True):
            for other, cell in lent.get(key, {}).items():
                row.cells[f"{name}.{other}"] = cell


def _items(batch: Iterable[Row], file: str, part: EntityMap, target: Target, count: Count) -> Iterator[Item]:
    for row in batch:
        count.read += 1
        if not row.fault and part.only_if and not any(map(text_of, map(row.cells.get, part.only_if))):
            count.skipped += 1
            continue
        yield _item(row, file, part, target)


def _item(row: Row, file: str, part: EntityMap, target: Target) -> Item:
    item = Item(file, row.line, (), {}, fault=row.fault)
    if row.fault:
        return item
    for name, one in part.fields.items():
        try:
            item.values[name] = value_of(row.cells, one, target.fields[name])
        except BadValueError as error:
            item.reject(name, str(error), _shown(row.cells, one.columns))
            return item
    item.key = tuple(item.values[name] for name in (*target.context, *target.key))
    target.check(item)
    return item


def _repeated(item: Item, part: EntityMap, scratch: Scratch, count: Count) -> bool:
    """Whether the row says of a thing what an earlier row said; one that says otherwise is rejected."""
    earlier = scratch.first_seen(part.path, repr(item.key), item.line, list(item.values.values()))
    if earlier is None:
        return False
    line, equal = earlier
    if equal or part.skip_repeats:
        count.skipped += 1
        return True
    item.reject("", _("says something else than line {line} about the same thing").format(line=line))
    return False


def _write(target: Target, items: Sequence[Item], at: datetime) -> Written:
    """Write a batch in a transaction of its own; again when another import stood in the way."""
    for attempt in range(TRIES):
        values = [dict(item.values) for item in items]
        try:
            with transaction.atomic():
                return target.write(items, at)
        except OperationalError:
            if attempt == TRIES - 1:
                raise
            for item, held in zip(items, values, strict=True):
                item.values = held
    raise AssertionError


def _reject(item: Item, part: EntityMap) -> Reject:
    columns = part.fields[item.field].columns if item.field else ()
    return Reject(item.file, item.line, ", ".join(columns) or item.field, item.shown, item.fault)


def _shown(cells: Mapping[str, Cell], columns: Sequence[str]) -> str:
    return " ".join(text_of(cells.get(column)) for column in columns)
