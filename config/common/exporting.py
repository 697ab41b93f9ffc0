"""All that we hold of one member, as a ZIP: `data.json` with the rows of each table, and their files."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from config.common.erasing import rows_of, tables
from config.common.personal import ALSO, NAMED, Holds, Personal

PIECE = 500
OURS = frozenset({Holds.REMARK, Holds.MIXED})
"""What colleagues wrote among themselves, and what only programs read."""


def write(member_id: int, into: IO[bytes]) -> dict[str, int]:
    """Write the export of a member; gives the rows by table. Nothing is held in memory but one piece."""
    counts: dict[str, int] = {}
    files: list[tuple[str, str]] = []
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("data.json", "w", force_zip64=True) as out:
            out.write(b"{")
            for place, (label, rows, columns) in enumerate(_told(member_id)):
                out.write((",\n" if place else "\n").encode() + json.dumps(label).encode() + b": [")
                counts[label] = 0
                for row in rows.order_by("pk").values(*columns).iterator(chunk_size=PIECE):
                    shown = {columns[name]: value for name, value in row.items()}
                    files += _files(rows.model, row)
                    text = json.dumps(shown, cls=DjangoJSONEncoder, ensure_ascii=False)
                    out.write((",\n  " if counts[label] else "\n  ").encode() + text.encode())
                    counts[label] += 1
                out.write(b"]")
            out.write(b"\n}\n")
        for path, name in files:
            if default_storage.exists(path):
                with default_storage.open(path) as source, archive.open(f"files/{name}", "w") as target:
                    shutil.copyfileobj(source, target)
    return counts


def _told(member_id: int) -> Iterator[tuple[str, models.QuerySet[Any], dict[str, str]]]:
    """The tables that a member may have: their rows, and for each column what it is called."""
    for model, one in tables():
        if one.whose and one.is_told:
            rows = rows_of(model, one, member_id).filter(**one.told)
            yield model._meta.label, rows, _columns(model, one)
    for label, whose in ALSO.items():
        model = apps.get_model(label)
        also = Personal({}, whose)
        yield label, rows_of(model, also, member_id), _columns(model, also)


def _columns(model: type[models.Model], one: Personal) -> dict[str, str]:
    columns = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            target = field.related_model._meta.label
            if target in NAMED:
                columns[f"{field.name}__{NAMED[target]}"] = field.name
        elif field.name not in {"sha256", "digest"} and one.fields.get(field.name) not in OURS:
            columns[field.name] = field.name
    return columns


def _files(model: type[models.Model], row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The files of a row, and what each is called in the ZIP; what they are called with us tells nothing."""
    for name, value in row.items():
        if value and "__" not in name and isinstance(model._meta.get_field(name), models.FileField):
            called = str(row.get("name", "")).replace("/", "_").replace("\\", "_")
            yield value, f"{model._meta.model_name}-{row.get('id', row.get('pk'))}-{called}".rstrip("-")
