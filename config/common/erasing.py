"""Taking a member's data out of every table that holds some, along the list in `personal`.

Rows stay where they are counted and lose what they say; the rest of them goes. What is whose is told by each
table's way to the member; in tables that have none, addresses and numbers of the member are looked for.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import pgtrigger
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.functions import Cast, Concat, Replace

from config.common.personal import PERSONAL, Holds, Personal

SILENCE = "—"
"""What stands where something was said: that it was said still counts."""
GONE = "erased:"
"""What stands, with the row's own number, where a column must tell rows apart."""
SHORTEST = 5
"""A word of fewer characters is not looked for: it would be found in what is not the member's."""

Row = type[models.Model]


def tables() -> Iterator[tuple[Row, Personal]]:
    """The tables that hold personal data, those that hang on others first."""
    known = {model._meta.label: model for model in apps.get_models()}
    ways = sorted(PERSONAL.items(), key=lambda item: (-item[1].whose.count("__"), item[1].whose == "pk"))
    return ((known[label], one) for label, one in ways)


def rows_of(model: Row, one: Personal, member_id: int) -> models.QuerySet[Any]:
    """The rows of a table that are the member's; none where the table has no way to one."""
    if not one.whose:
        return model._default_manager.none()
    way = one.whose if one.whose == "pk" else f"{one.whose}_id"
    return model._default_manager.filter(**{way: member_id})


def erase(member_id: int, words: Iterable[str]) -> dict[str, int]:
    """Take a member's data out of all tables, in the caller's transaction; gives the rows by table.

    `words` are the member's addresses and numbers, taken out wherever they stand. Files go when the
    transaction is committed.
    """
    done: dict[str, int] = {}
    for model, one in tables():
        rows = rows_of(model, one, member_id)
        _remove_files(model, one, rows)
        kept = _protections(model)
        with pgtrigger.ignore(*kept) if kept else nullcontext():
            count = _delete(rows) if one.goes else empty(model, one, rows)
        if count:
            done[model._meta.label] = count
    sought = sorted({word for word in words if len(word) >= SHORTEST}, key=len, reverse=True)
    for model, one in tables():
        if not one.whose and (count := _scrub(model, one, sought)):
            done[model._meta.label] = done.get(model._meta.label, 0) + count
    return done


def _protections(model: Row) -> list[str]:
    """The triggers that keep a table as it was written: erasing is the one thing that goes past them."""
    own = getattr(model._meta, "triggers", [])
    return [f"{model._meta.label}:{one.name}" for one in own if isinstance(one, pgtrigger.Protect)]


def _delete(rows: models.QuerySet[Any]) -> int:
    return int(rows.delete()[1].get(rows.model._meta.label, 0))


def empty(model: Row, one: Personal, rows: models.QuerySet[Any]) -> int:
    """Take what the columns hold out of rows, which stay; gives how many there were."""
    values = {name: _empty(model, name, holds) for name, holds in one.fields.items() if name not in one.stays}
    return rows.update(**values) if values else 0


def holding(model: Row, one: Personal) -> Q:
    """Which rows have something in these columns that `empty` would take out."""
    found = Q()
    for name, holds in one.fields.items():
        field: Any = model._meta.get_field(name)
        if field.null:
            found |= Q(**{f"{name}__isnull": False})
        elif isinstance(field, models.JSONField | ArrayField):
            found |= ~Q(**{name: field.get_default() or type(field.get_default())()})
        elif _tells_apart(model, name):
            found |= ~Q(**{f"{name}__startswith": GONE})
        elif holds in {Holds.SAID, Holds.REMARK}:
            found |= ~Q(**{f"{name}__in": ["", SILENCE]})
        else:
            found |= ~Q(**{name: field.default if field.has_default() else ""})
    return found


def _empty(model: Row, name: str, holds: Holds) -> Any:
    """What stands in a column whose content was taken out."""
    field: Any = model._meta.get_field(name)
    if field.null:
        return None
    if isinstance(field, models.JSONField | ArrayField):
        return field.get_default() or type(field.get_default())()
    if _tells_apart(model, name):
        return Concat(Value(GONE), Cast(F("pk"), TextField()))
    if holds in {Holds.SAID, Holds.REMARK}:
        return Case(When(**{name: ""}, then=Value("")), default=Value(SILENCE))
    return field.default if field.has_default() else ""


def _tells_apart(model: Row, name: str) -> bool:
    unique = model._meta.constraints
    return bool(model._meta.get_field(name).unique) or any(  # type: ignore[union-attr]  # a column, no relation
        isinstance(one, models.UniqueConstraint) and name in one.fields for one in unique
    )


def _remove_files(model: Row, one: Personal, rows: models.QuerySet[Any]) -> None:
    """Have the files of these rows deleted when all is done."""
    columns = [
        name
        for name, holds in one.fields.items()
        if holds == Holds.FILE and isinstance(model._meta.get_field(name), models.FileField)
    ]
    for path in {path for paths in rows.values_list(*columns) for path in paths if path} if columns else ():
        transaction.on_commit(lambda path=path: default_storage.delete(path))  # type: ignore[misc]  # bound


def _scrub(model: Row, one: Personal, words: Sequence[str]) -> int:
    """Take words out of columns that say nothing of whose they are."""
    count = 0
    for name in one.fields:
        field = model._meta.get_field(name)
        for word in words:
            as_json = isinstance(field, models.JSONField)
            sought = json.dumps(word, ensure_ascii=False)[1:-1] if as_json else word
            held = Cast(F(name), TextField())
            cleaned: Any = Replace(held, Value(sought), Value("•••"))
            if as_json:
                cleaned = Cast(cleaned, models.JSONField())
            rows = model._default_manager.annotate(held=held).filter(held__contains=sought)
            count += rows.update(**{name: cleaned})
    return count
