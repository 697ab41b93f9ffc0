"""What can be imported: the fields of each entity, and how a batch of rows is written.

A batch is written by one statement that inserts what is new and updates what differs. Rows that say
nothing new are not touched, so that a second run changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext as _

from compensation.shop_import.convert import AHEAD, FieldType


@dataclass(slots=True)
class Item:
    """A row of a file on its way into a table: its values by field, and what is wrong with it."""

    file: str
    line: int
    key: tuple[Any, ...]
    values: dict[str, Any]
    field: str = ""
    fault: str = ""
    shown: str = ""

    def reject(self, field: str, fault: str, shown: str = "") -> None:
        """Leave it out, for a reason."""
        self.field, self.fault, self.shown = field, fault, shown


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that names a row of another table by its number in the shop."""

    field: str
    model: type[models.Model]
    within: str = ""
    """The field that says within which row the number is unique, such as the order of a shipment."""
    lends: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Columns that are filled from the row found: column -> its attribute."""


@dataclass(frozen=True, slots=True)
class Written:
    """What writing a batch did."""

    ids: Sequence[int]
    inserted: int
    updated: int


@dataclass(frozen=True, slots=True)
class Target:
    """An entity that can be imported."""

    name: str
    model: type[models.Model]
    key: tuple[str, ...]
    fields: Mapping[str, FieldType]
    columns: Mapping[str, str] = dataclass_field(default_factory=dict)
    """The column of a field, where it is called otherwise."""
    references: tuple[Reference, ...] = ()
    context: tuple[str, ...] = ()
    """Fields that only help to find a reference and have no column of their own."""
    defaults: Callable[[datetime], Mapping[str, Any]] = lambda _at: {}
    """Values of a new row's columns that the map does not fill."""
    optional: tuple[str, ...] = ()
    """Required fields that a map may leave out, since a new row has a default; never empty in a file."""
    frozen: str = ""
    """A column that, once filled, keeps a row as it is: an erased member stays erased."""
    newest: str = ""
    """A column that says when a row's facts were known: what is older than what is held is not taken."""
    touched: str = ""
    """A column that is set to the time of the import when a row changes."""
    hold: Callable[[Sequence[Item]], None] = lambda _items: None
    """Called in the transaction before the rows are written, to lock what they hang on; may reject some."""
    after: Callable[[Sequence[int], datetime], None] = lambda _ids, _at: None
    """Called in the transaction with the primary keys of the rows that are new or changed."""
    batch: int = 1_000
    """How many rows are written in one transaction."""

    def check(self, item: Item) -> None:
        """Reject a row that its own values tell is wrong; nothing is looked up for it."""

    def write(self, items: Sequence[Item], at: datetime) -> Written:
        """Write a batch in the transaction of the caller; items with a fault are left out, some get one."""
        self._reject_ahead(items, at)
        for reference in self.references:
            resolve(reference, items)
        good = sorted((item for item in items if not item.fault), key=lambda item: item.key)
        self.hold(good)
        good = [item for item in good if not item.fault]
        if not good:
            return Written([], 0, 0)
        for item in good:
            for name in self.context:
                item.values.pop(name, None)
        written = self._upsert(good, at)
        if written.ids:
            self.after(written.ids, at)
        return written

    def _reject_ahead(self, items: Sequence[Item], at: datetime) -> None:
        """Reject what says that something has happened which lies ahead."""
        names = [name for name, kind in self.fields.items() if kind.past]
        for item in items:
            for name in names:
                moment = item.values.get(name)
                if moment is not None and moment > at + AHEAD and not item.fault:
                    item.reject(name, _("lies in the future"), str(moment))

    def must_be_given(self, name: str) -> bool:
        """Whether a required field has no default of its own."""
        return name not in self.optional

    def _upsert(self, good: Sequence[Item], at: datetime) -> Written:
        filled = [self._column(name) for name in good[0].values]
        given = {name: value for name, value in self.defaults(at).items() if name not in filled}
        if self.touched:
            given[self.touched] = at
        columns = [*filled, *given]
        key = [self._column(name) for name in self.key]
        compared = [name for name in filled if name not in {*key, self.newest}]
        quote = connection.ops.quote_name
        table = quote(self.model._meta.db_table)
        changes = [f"{quote(name)} = EXCLUDED.{quote(name)}" for name in compared]
        is_dated = self.newest in filled
        newest = quote(self.newest)
        if is_dated:
            changes.append(f"{newest} = greatest(held.{newest}, EXCLUDED.{newest})")
        if self.touched:
            changes.append(f"{quote(self.touched)} = EXCLUDED.{quote(self.touched)}")
        row = f"({', '.join(['%s'] * len(columns))})"
        old = ", ".join(f"held.{quote(name)}" for name in compared)
        new = ", ".join(f"EXCLUDED.{quote(name)}" for name in compared)
        frozen = f" AND held.{quote(self.frozen)} IS NULL" if self.frozen else ""
        dated = f" AND (held.{newest} <= EXCLUDED.{newest}) IS NOT FALSE" if is_dated else ""
        conflict = (
            f"DO UPDATE SET {', '.join(changes)} WHERE ({old}) IS DISTINCT FROM ({new}){frozen}{dated}"
            if compared
            else "DO NOTHING"
        )
        statement = (
            f"INSERT INTO {table} AS held ({', '.join(quote(name) for name in columns)})"  # noqa: S608 -- our own names
            f" VALUES {', '.join([row] * len(good))}"
            f" ON CONFLICT ({', '.join(quote(name) for name in key)}) {conflict}"
            " RETURNING id, xmax = 0"
        )
        with connection.cursor() as cursor:
            cursor.execute(
                statement,
                [value for item in good for value in (*item.values.values(), *given.values())],
            )
            done = cursor.fetchall()
        if is_dated:
            self._still_so(good)
        new_rows = sum(is_new for _id, is_new in done)
        return Written([one for one, _is_new in done], new_rows, len(done) - new_rows)

    def _still_so(self, good: Sequence[Item]) -> None:
        """Note of rows that say nothing new when that was known."""
        quote = connection.ops.quote_name
        newest = quote(self.newest)
        key = [quote(self._column(name)) for name in self.key]
        one = f"({'%s, ' * len(key)}%s::timestamptz)"
        frozen = f" AND held.{quote(self.frozen)} IS NULL" if self.frozen else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {quote(self.model._meta.db_table)} AS held SET {newest} = given.{newest}"  # noqa: S608 -- our own names
                f" FROM (VALUES {', '.join([one] * len(good))}) AS given ({', '.join([*key, newest])})"
                f" WHERE {' AND '.join(f'held.{name} = given.{name}' for name in key)}"
                f" AND (held.{newest} IS NULL OR held.{newest} < given.{newest}){frozen}",
                [item.values[name] for item in good for name in (*self.key, self.newest)],
            )

    def _column(self, name: str) -> str:
        return self.columns.get(name, name)


def resolve(reference: Reference, items: Sequence[Item]) -> None:
    """Put primary keys in the place of the shop's numbers; reject what names nothing we know."""
    wanted = [item for item in items if not item.fault and item.values.get(reference.field)]
    attributes = ["pk", *reference.lends.values()]
    known: dict[Any, tuple[Any, ...]] = {}
    query = reference.model._default_manager.filter(
        external_id__in={item.values[reference.field] for item in wanted}
    )
    if reference.within:
        query = query.filter(
            **{f"{reference.within}__in": {item.values[reference.within] for item in wanted}}
        )
        for number, within, *row in query.values_list("external_id", reference.within, *attributes):
            known[within, number] = tuple(row)
    else:
        for number, *row in query.values_list("external_id", *attributes):
            known[number] = tuple(row)
    for item in items:
        number = item.values.get(reference.field)
        if item.fault or not number:
            if reference.field in item.values:
                item.values.update(dict.fromkeys([reference.field, *reference.lends]))
            continue
        found = known.get((item.values[reference.within], number) if reference.within else number)
        if found is None:
            item.reject(
                reference.field,
                _("there is no such {what}").format(what=reference.model._meta.verbose_name),
                str(number),
            )
            continue
        item.values[reference.field] = found[0]
        item.values.update(zip(reference.lends, found[1:], strict=True))


def by_name(targets: Iterable[Target]) -> dict[str, Target]:
    """The targets by the name that the map uses."""
    return {target.name: target for target in targets}
