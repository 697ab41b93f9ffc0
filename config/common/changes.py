"""Edits of the configuration in words: what was changed, from what to what."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config.common.history import KIND, TRACKED
from config.common.models import Event, User

MOST = 300
"""Longer values are cut off."""
Names = Mapping[tuple[type[models.Model], Any], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was changed, in words; empty where there was nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One edit: who did what to which row, and what that changed."""

    event: Event
    kind: str
    what: str
    who: str
    op: str
    differences: Sequence[Difference]

    @property
    def at(self) -> datetime:
        """When."""
        return self.event.at


def changes(*, model: str = "", key: int | None = None, user: int | None = None) -> QuerySet[Event]:
    """The edits of the configuration, of one model, of one row, or by one person. Page by (at, id).

    Read by `event_subject` for a row, `event_actor` for a person, else by `event_kind_at`.
    """
    found = Event.objects.filter(kind=KIND)
    if model:
        found = found.filter(subject_type=model)
    if key is not None:
        found = found.filter(subject_id=key)
    if user is not None:
        found = found.filter(actor=f"user:{user}")
    return found


def told(events: Iterable[Event]) -> list[Change]:
    """Tell some edits in the language of the moment; a query for each model that they name."""
    events = [event for event in events if event.subject_type in TRACKED]
    names = _names(events)
    return [_told(event, names) for event in events]


def _told(event: Event, names: Names) -> Change:
    model = TRACKED[event.subject_type]
    before, after = event.data.get("before") or {}, event.data.get("after") or {}
    person = event.actor.partition(":")[2]
    return Change(
        event=event,
        kind=kind(model),
        what=names.get((concrete(model), event.subject_id)) or _called(model, {**before, **after}, names),
        who=names.get((User, int(person)), event.actor) if person.isdigit() else _("System"),
        op=str(event.data.get("op", "")),
        differences=list(_differences(model, before, after, names)),
    )


def _differences(
    model: type[models.Model], before: Mapping[str, Any], after: Mapping[str, Any], names: Names
) -> Iterator[Difference]:
    fields = {field.column: field for field in model._meta.concrete_fields}
    for column in sorted({*before, *after}, key=lambda one: list(fields).index(one) if one in fields else 99):
        field = fields.get(column)
        if field is not None and field.primary_key:
            continue
        name = str(field.verbose_name) if field is not None else column
        old, new = before.get(column), after.get(column)
        if isinstance(old, dict) or isinstance(new, dict):
            yield from _nested(name, old or {}, new or {})
        elif old != new:
            yield Difference(name, _word(field, old, names), _word(field, new, names))


def _nested(name: str, before: Any, after: Any) -> Iterator[Difference]:
    """Tell what differs inside of a value that holds others."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield Difference(name, _plain(before), _plain(after))
        return
    for key in sorted({*before, *after}):
        yield from _nested(f"{name} · {key}", before.get(key, {}), after.get(key, {}))


def _word(field: Any, value: Any, names: Names) -> str:
    if value is None or value == "":
        return ""
    if field is not None and field.is_relation:
        return names.get((concrete(field.related_model), value), f"#{value}")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    choices = dict(getattr(getattr(field, "base_field", field), "flatchoices", ()) or ())
    if isinstance(value, list):
        return _(", ").join(str(choices.get(one, one)) for one in value)
    return str(choices[value]) if value in choices else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return _(", ").join("–".join(map(str, one)) if isinstance(one, list) else str(one) for one in value)
    text = "" if value in ({}, None) else str(value)
    return text if len(text) <= MOST else f"{text[:MOST]}…"


def _called(model: type[models.Model], row: Mapping[str, Any], names: Names) -> str:
    """Name a row that is there no more, or that only joins two others."""
    if name := row.get("name") or row.get("code") or row.get("title"):
        return str(name)
    linked = [
        names.get((concrete(field.related_model), row.get(str(field.column))), "")
        for field in model._meta.concrete_fields
        if field.is_relation and row.get(str(field.column)) is not None
    ]
    return " · ".join(one for one in linked if one)


def _names(events: Iterable[Event]) -> Names:
    """What the rows are called that some edits are about or name."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for event in events:
        model = TRACKED[event.subject_type]
        wanted[concrete(model)].add(event.subject_id)
        person = event.actor.partition(":")[2]
        if person.isdigit():
            wanted[User].add(int(person))
        for row in (event.data.get("before") or {}, event.data.get("after") or {}):
            for field in model._meta.concrete_fields:
                if field.is_relation and row.get(str(field.column)) is not None:
                    wanted[concrete(field.related_model)].add(row[str(field.column)])
    return {
        (model, pk): str(row)
        for model, keys in wanted.items()
        if not model._meta.auto_created
        for pk, row in model._default_manager.select_related().in_bulk(keys).items()
    }


def kind(model: Any) -> str:
    """What a row of this model is called; one that joins two others by what it is of the first."""
    meta = concrete(model)._meta
    if not meta.auto_created:
        return str(meta.verbose_name)
    owner = meta.auto_created._meta
    (field,) = (one for one in owner.many_to_many if one.remote_field.through is concrete(model))
    return f"{owner.verbose_name} · {field.verbose_name}"


def concrete(model: Any) -> Any:
    """The model whose rows these are; a proxy's is the one that it stands for."""
    return model._meta.concrete_model
