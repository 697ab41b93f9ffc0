"""The questionnaires that ship, as data: TOML in surveys/defaults/questionnaires, a document each."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.common.bilingual import Bilingual
from config.common.errors import NotFound
from surveys.questionnaires.documents import Document

FOLDER = Path(__file__).resolve().parent.parent / "defaults" / "questionnaires"
NAMED = ("name", "name_en", "note")


@dataclass(frozen=True, slots=True)
class Template:
    """A questionnaire that ships."""

    code: str
    name: str
    name_en: str
    note: str
    document: Document

    def __str__(self) -> str:
        """Give its name in the language of the moment."""
        return Bilingual.__str__(self)  # type: ignore[arg-type]  # it has the two names


@cache
def codes() -> tuple[str, ...]:
    """The codes of all templates."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


@cache
def template(code: str) -> Template:
    """A template by its code.

    Raises:
        NotFound: there is none.
    """
    if code not in codes():
        raise NotFound
    data = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    name, name_en, note = (data.pop(part, "") for part in NAMED)
    return Template(code, name, name_en, note, data)
