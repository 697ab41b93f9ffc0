"""The column map: which column of which file is which field. Written in YAML, described in docs/import.md."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from django.utils.translation import gettext as _

from compensation.shop_import.errors import MapError

MAX_BYTES = 1_000_000
AGGREGATES = ("first", "last", "min", "max", "sum", "count")
ISO = "iso"


@dataclass(frozen=True, slots=True)
class Format:
    """How times, numbers and empty cells are written."""

    zone: ZoneInfo
    dates: tuple[str, ...] = (ISO,)
    unit: str = "yuan"
    decimal: str = "."
    thousands: str = ""
    blank: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where one field comes from."""

    columns: tuple[str, ...]
    format: Format
    separator: str = "-"
    constant: str | None = None
    default: str | None = None
    values: Mapping[str, str] | None = None
    end_of_day: bool = False
    only_if: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it is to be read."""

    file: str
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class JoinMap:
    """A file that only lends columns to the rows of other files, found by a key."""

    name: str
    source: Source
    key: str
    take: Mapping[str, str]
    joins: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> set[str]:
        """The columns of its own file that it needs."""
        return own_columns([self.key, *self.take, *self.joins.values()])


@dataclass(frozen=True, slots=True)
class EntityMap:
    """The rows of one file as members, orders or what else the entity says."""

    path: str
    entity: str
    source: Source
    fields: Mapping[str, FieldMap]
    joins: Mapping[str, str] = field(default_factory=dict)
    only_if: tuple[str, ...] = ()
    skip_repeats: bool = False

    @property
    def columns(self) -> set[str]:
        """The columns of its own file that it needs."""
        fields = [column for one in self.fields.values() for column in (*one.columns, *one.only_if)]
        return own_columns([*fields, *self.joins.values(), *self.only_if])


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A whole map."""

    joins: Mapping[str, JoinMap]
    entities: tuple[EntityMap, ...]


def own_columns(names: Iterable[str]) -> set[str]:
    """Those of the columns that are not lent by a join."""
    return {name for name in names if "." not in name}


def load(path: Path, known: Mapping[str, Iterable[str]]) -> ColumnMap:
    """Read a map from a file; `known` holds the fields of each entity.

    Raises:
        MapError: it cannot be read, or is not valid.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MapError(_("The map is larger than a megabyte: is this the right file?"))
        return parse(path.read_text(encoding="utf-8-sig"), known)
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(_("The map cannot be read: {error}").format(error=error)) from error


def parse(text: str, known: Mapping[str, Iterable[str]]) -> ColumnMap:
    """Read a map from its text.

    Raises:
        MapError: it is not valid; the message names the place.
    """
    if len(text) > MAX_BYTES:
        raise MapError(_("The map is larger than a megabyte: is this the right file?"))
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MapError(_("The map is not YAML: {error}").format(error=error)) from error
    top = _mapping(content, "")
    _only(
        top, "", {"timezone", "dates", "unit", "decimal", "thousands", "blank", "files", "joins", "entities"}
    )
    if "timezone" not in top:
        _fail("timezone", _("is missing: the zone of times that are written without one"))
    formats = _format(top, "", Format(ZoneInfo("UTC")))
    files = {
        name: _mapping(options, f"files.{name}")
        for name, options in _mapping(top.get("files", {}), "files").items()
    }
    for name, options in files.items():
        _only(options, f"files.{name}", {"encoding", "delimiter", "sheet"})
    joins: dict[str, JoinMap] = {}
    for name, join in _mapping(top.get("joins", {}), "joins").items():
        joins[name] = _join(name, _mapping(join, f"joins.{name}"), files, joins)
    entities = []
    for entity, sources in _mapping(top.get("entities"), "entities").items():
        path = f"entities.{entity}"
        if entity not in known:
            _fail(path, _("is not one of {names}").format(names=", ".join(known)))
        several = sources if isinstance(sources, list) else [sources]
        for number, source in enumerate(several):
            place = f"{path}[{number}]" if isinstance(sources, list) else path
            entities.append(
                _entity(
                    place,
                    entity,
                    _mapping(source, place),
                    files=files,
                    joins=joins,
                    formats=formats,
                    known=set(known[entity]),
                )
            )
    if not entities:
        _fail("entities", _("is empty"))
    return ColumnMap(joins, tuple(entities))


def _entity(
    path: str,
    entity: str,
    content: Mapping[str, Any],
    *,
    files: Mapping[str, Mapping[str, Any]],
    joins: Mapping[str, JoinMap],
    formats: Format,
    known: set[str],
) -> EntityMap:
    _only(content, path, {"file", "fields", "joins", "only_if", "repeats"})
    with_joins = _join_keys(content, f"{path}.joins", joins)
    fields = {}
    for name, one in _mapping(content.get("fields"), f"{path}.fields").items():
        place = f"{path}.fields.{name}"
        if name not in known:
            _fail(place, _("is not one of {names}").format(names=", ".join(sorted(known))))
        fields[name] = _field(place, one, formats)
        for column in (*fields[name].columns, *fields[name].only_if):
            _check_lent(place, column, with_joins, joins)
    only_if = tuple(_texts(content.get("only_if", []), f"{path}.only_if"))
    for column in only_if:
        _check_lent(f"{path}.only_if", column, with_joins, joins)
    repeats = content.get("repeats", "reject")
    if repeats not in {"reject", "skip"}:
        _fail(f"{path}.repeats", _("must be reject or skip"))
    return EntityMap(
        path, entity, _source(content, path, files), fields, with_joins, only_if, repeats == "skip"
    )


def _join(
    name: str,
    content: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
    earlier: Mapping[str, JoinMap],
) -> JoinMap:
    path = f"joins.{name}"
    _only(content, path, {"file", "key", "take", "joins"})
    with_joins = _join_keys(content, f"{path}.joins", earlier)
    key = _text(content.get("key"), f"{path}.key")
    take = {
        column: _text(how, f"{path}.take.{column}")
        for column, how in _mapping(content.get("take"), f"{path}.take").items()
    }
    for column, how in take.items():
        if how not in AGGREGATES:
            _fail(f"{path}.take.{column}", _("must be one of {names}").format(names=", ".join(AGGREGATES)))
        if "." in column:
            _fail(f"{path}.take.{column}", _("must be a column of the file itself"))
    _check_lent(f"{path}.key", key, with_joins, earlier)
    return JoinMap(name, _source(content, path, files), key, take, with_joins)


def _join_keys(content: Mapping[str, Any], path: str, known: Mapping[str, JoinMap]) -> dict[str, str]:
    keys = {
        name: _text(key, f"{path}.{name}") for name, key in _mapping(content.get("joins", {}), path).items()
    }
    for name, key in keys.items():
        if name not in known:
            _fail(f"{path}.{name}", _("is not a join that is described before"))
        if "." in key:
            _fail(f"{path}.{name}", _("must be a column of the file itself"))
    return keys


def _check_lent(path: str, column: str, used: Mapping[str, str], joins: Mapping[str, JoinMap]) -> None:
    """A column "a.b" must be lent by a join "a" that is used here."""
    name, dot, lent = column.partition(".")
    if dot and (name not in used or lent not in joins[name].take):
        _fail(path, _("{column} is not a column that a join used here takes").format(column=column))


def _source(content: Mapping[str, Any], path: str, files: Mapping[str, Mapping[str, Any]]) -> Source:
    file = _text(content.get("file"), f"{path}.file")
    options = files.get(file, {})
    given = {name: _text(value, f"files.{file}.{name}") for name, value in options.items()}
    if len(given.get("delimiter", ",")) != 1:
        _fail(f"files.{file}.delimiter", _("must be one character"))
    return Source(file, given.get("encoding"), given.get("delimiter"), given.get("sheet"))


def _field(path: str, content: Any, formats: Format) -> FieldMap:
    if isinstance(content, str):
        return FieldMap((content,), formats)
    options = _mapping(content, path)
    _only(
        options,
        path,
        {"column", "columns", "separator", "value", "default", "values", "end_of_day", "only_if"}
        | {"timezone", "dates", "unit", "decimal", "thousands", "blank"},
    )
    given = [name for name in ("column", "columns", "value") if name in options]
    if len(given) != 1:
        _fail(path, _("needs exactly one of column, columns and value"))
    columns: tuple[str, ...] = ()
    if "column" in options:
        columns = (_text(options["column"], f"{path}.column"),)
    elif "columns" in options:
        columns = tuple(_texts(options["columns"], f"{path}.columns"))
    values = None
    if "values" in options:
        values = {
            name: _text(value, f"{path}.values.{name}")
            for name, value in _mapping(options["values"], f"{path}.values").items()
        }
    end_of_day = options.get("end_of_day", False)
    if not isinstance(end_of_day, bool):
        _fail(f"{path}.end_of_day", _("must be true or false"))
    return FieldMap(
        columns=columns,
        format=_format(options, path, formats),
        separator=_text(options.get("separator", "-"), f"{path}.separator"),
        constant=_scalar(options["value"], f"{path}.value") if "value" in options else None,
        default=_scalar(options["default"], f"{path}.default") if "default" in options else None,
        values=values,
        end_of_day=end_of_day,
        only_if=tuple(_texts(options.get("only_if", []), f"{path}.only_if")),
    )


def _format(content: Mapping[str, Any], path: str, base: Format) -> Format:
    """How things are written here, by default as in `base`."""
    prefix = f"{path}." if path else ""
    zone = base.zone
    if "timezone" in content:
        try:
            zone = ZoneInfo(_text(content["timezone"], f"{prefix}timezone"))
        except (KeyError, ValueError, OSError):
            _fail(f"{prefix}timezone", _("is not a time zone such as Asia/Shanghai"))
    unit = content.get("unit", base.unit)
    if unit not in {"yuan", "fen"}:
        _fail(f"{prefix}unit", _("must be yuan or fen"))
    return Format(
        zone=zone,
        dates=tuple(_texts(content.get("dates", base.dates), f"{prefix}dates")),
        unit=unit,
        decimal=_text(content.get("decimal", base.decimal), f"{prefix}decimal"),
        thousands=_scalar(content.get("thousands", base.thousands), f"{prefix}thousands"),
        blank=frozenset(_texts(content.get("blank", base.blank), f"{prefix}blank")),
    )


def _fail(path: str, reason: str) -> None:
    raise MapError(_("In the map, {path} {reason}.").format(path=path, reason=reason), path=path)


def _only(content: Mapping[str, Any], path: str, allowed: set[str]) -> None:
    for name in content:
        if name not in allowed:
            _fail(
                f"{path}.{name}" if path else name,
                _("is unknown; known are {names}").format(names=", ".join(sorted(allowed))),
            )


def _mapping(content: Any, path: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise MapError(
            _("In the map, {path} must be names with values.").format(path=path or _("the whole")), path=path
        )
    return {_scalar(name, path): value for name, value in content.items()}


def _texts(content: Any, path: str) -> list[str]:
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list | tuple | frozenset):
        _fail(path, _("must be a list"))
    return [_text(one, path) for one in content]


def _text(content: Any, path: str) -> str:
    text = _scalar(content, path)
    if not text:
        _fail(path, _("is missing or empty"))
    return text


def _scalar(content: Any, path: str) -> str:
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, str | int | float):
        return str(content)
    if content is not None:
        _fail(path, _("must be a single value"))
    return ""
