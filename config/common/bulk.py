"""Many rows in one statement, from arrays: several times faster than a statement's worth of parameters."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models


def update(model: type[models.Model], rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write some fields of rows that exist. All rows must be different; no signal is sent."""
    if not rows:
        return
    columns: list[Any] = [model._meta.get_field(name) for name in ("id", *fields)]
    names = [_quoted(column.column) for column in columns]
    sets = ", ".join(f"{name} = given.{name}" for name in names[1:])
    table = _quoted(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {sets} FROM (SELECT {_unnested(columns)}) AS given"  # noqa: S608 - names only
            f" WHERE {table}.id = given.id",
            [_values(column, rows) for column in columns],
        )


def insert(model: type[models.Model], rows: Sequence[models.Model], *, skip_known: bool = False) -> None:
    """Write new rows, leaving columns with a database default to it; the rows do not learn their keys.

    With `skip_known`, rows that a unique constraint refuses are left out.
    """
    if not rows:
        return
    columns = [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and field.db_default is models.NOT_PROVIDED
    ]
    _insert(model, columns, [_values(column, rows) for column in columns], {}, skip_known=skip_known)


def insert_columns(
    model: type[models.Model],
    columns: Mapping[str, Sequence[Any]],
    same: Mapping[str, Any],
    *,
    skip_known: bool = False,
) -> None:
    """Write new rows that nobody has made objects of: the values of each column, and what is `same` in all.

    A column that is named in neither is left to the database. For thousands of rows at once, of which the
    objects would cost more than the writing.
    """
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    arrays = [_array(field, values) for field, values in zip(fields, columns.values(), strict=True)]
    _insert(model, fields, arrays, same, skip_known=skip_known)


def _insert(
    model: type[models.Model],
    columns: Sequence[Any],
    arrays: Sequence[Any],
    same: Mapping[str, Any],
    *,
    skip_known: bool,
) -> None:
    constants: list[Any] = [model._meta.get_field(name) for name in same]
    names = ", ".join(_quoted(str(column.column)) for column in (*columns, *constants))
    values = ", ".join([_unnested(columns), *("%s" for _ in constants)])
    conflict = " ON CONFLICT DO NOTHING" if skip_known else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) SELECT {values}{conflict}",
            [*arrays, *same.values()],
        )


def array(values: Iterable[int | bool | datetime | None]) -> str:
    """Write an array as PostgreSQL reads it, much faster than element by element; not for text."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def texts(values: Sequence[str]) -> str:
    """Write an array of texts as PostgreSQL reads it, as fast as that.

    Raises:
        ValueError: a text holds a NUL, which PostgreSQL cannot store.
    """
    joined = "\0".join(values)
    if joined.count("\0") != max(len(values) - 1, 0):
        raise ValueError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return f'{{"{quoted}"}}' if values else "{}"


def _unnested(columns: Sequence[Any]) -> str:
    return ", ".join(
        f"unnest(%s::text[])::{column.cast_db_type(connection)} AS {_quoted(column.column)}"
        if _is_nested(column)
        else f"unnest(%s::{column.cast_db_type(connection)}[]) AS {_quoted(column.column)}"
        for column in columns
    )


def _is_nested(column: Any) -> bool:
    return isinstance(column, models.JSONField | ArrayField)


def _values(column: Any, rows: Sequence[models.Model]) -> str | list[Any]:
    return _array(column, [getattr(row, column.attname) for row in rows])


def _array(column: Any, values: Sequence[Any]) -> str | list[Any]:
    """Write the values of a column in the fastest way that there is for them."""
    if isinstance(column, models.JSONField):
        values = [None if value is None else json.dumps(value, cls=column.encoder) for value in values]
    elif isinstance(column, ArrayField):  # an array of arrays is a square: each goes in written out
        values = [None if value is None else _written(value) for value in values]
    if all(isinstance(value, str) for value in values):
        return texts(values)
    if all(value is None or isinstance(value, int | datetime) for value in values):
        return array(values)
    return list(values)


def _written(values: Sequence[Any]) -> str:
    return texts(values) if all(isinstance(value, str) for value in values) else array(values)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
