"""Importing the shop's files: what can be imported, and the maps that ship."""

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from compensation.shop_import import maps, shop
from compensation.shop_import.engine import Import
from config.common.models import User
from feedback.behaviour.imports import BEHAVIOUR
from feedback.claims import imports as claims
from feedback.intake import cases
from feedback.posts.imports import POST
from feedback.reviews.imports import REVIEW

MAP_BYTES = maps.MAX_BYTES
TARGETS = (*shop.TARGETS, *claims.TARGETS, REVIEW, POST, BEHAVIOUR, cases.target())
KNOWN = {target.name: tuple(target.fields) for target in TARGETS}


def of_files(files: Sequence[Path], column_map: maps.ColumnMap, actor: User | None = None) -> Import:
    """An import of the files by `actor`; a folder stands for the files in it."""
    found: list[Path] = []
    for path in files:
        found += sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
    return Import(found, column_map, (*TARGETS[:-1], cases.target(actor)))


def load_map(path: Path) -> maps.ColumnMap:
    """Read a map from a file.

    Raises:
        MapError: it is not valid.
    """
    return maps.load(path, KNOWN)


def parse_map(text: str) -> maps.ColumnMap:
    """Read a map from its text.

    Raises:
        MapError: it is not valid.
    """
    return maps.parse(text, KNOWN)


def stored_maps() -> dict[str, Path]:
    """The maps that ship, by name."""
    return {path.stem: path for path in sorted((settings.BASE_DIR / "docs" / "import").glob("*.yaml"))}
