"""Translation files without system packages: Babel extracts, merges, compiles and checks them.

Each app keeps its own `locale` folder; `config/locale` serves config and config.common. The texts in the
source are English, so only Simplified Chinese has files.
"""

import ast
import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("config", "compensation", "feedback", "surveys", "kpis")
LANGUAGE = "zh_Hans"
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
Text = str | list[str] | tuple[str, ...] | None  # as Babel has it: a plural is a list of forms
PLACEHOLDER = re.compile(r"%\(\w+\)\w|%[sd%]|\{\w*\}")
HEADER = (
    'msgid ""\nmsgstr ""\n"Language: zh_Hans\\n"\n"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)


def po_path(folder: str) -> Path:
    """The translation file of a folder of the project."""
    return ROOT / folder / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def _sources(folder: str) -> Iterator[tuple[Path, bytes]]:
    """What may hold texts: Python, and templates turned into something like it."""
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix == ".py" and "migrations" not in path.parts:
            yield path, (source := path.read_bytes())
            yield path, _formatted(source)
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            lines = templatize(path.read_text(), origin=str(path)).splitlines()
            yield path, "\n".join(line.strip() for line in lines).encode()


def _formatted(source: bytes) -> bytes:
    """What stands in the braces of f-strings, each on its own line: to Babel these are plain strings."""
    lines = [b""] * (source.count(b"\n") + 1)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FormattedValue):
            lines[node.lineno - 1] += ast.unparse(node.value).encode() + b";"
    return b"\n".join(lines)


def extract_messages(folder: str) -> Catalog:
    """The texts in a folder's sources, untranslated."""
    catalog = Catalog(locale=LANGUAGE)
    for path, source in _sources(folder):
        for line, text, _comments, context in extract("python", BytesIO(source), keywords=KEYWORDS):
            catalog.add(text, context=context, locations=[(str(path.relative_to(ROOT)), line)])
    return catalog


def read(folder: str) -> Catalog:
    """A folder's translations; empty when it has no file."""
    path = po_path(folder)
    if not path.exists():
        return Catalog(locale=LANGUAGE)
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE, abort_invalid=True)


def update(folder: str) -> None:
    """Bring a folder's file up to date: new texts untranslated, sorted, texts that are gone dropped."""
    wanted, known = extract_messages(folder), read(folder)
    if not len(wanted) and not po_path(folder).exists():
        return
    for message in _messages(wanted):
        if (old := known.get(message.id, message.context)) and not old.fuzzy:
            message.string = old.string
    text = BytesIO()
    write_po(text, wanted, width=0, no_location=True, omit_header=True, sort_output=True)
    po_path(folder).parent.mkdir(parents=True, exist_ok=True)
    po_path(folder).write_text(HEADER + text.getvalue().decode().strip() + "\n")


def compile_changed() -> None:
    """Write the compiled file of every folder whose translations are newer."""
    for folder in FOLDERS:
        po = po_path(folder)
        mo = po.with_suffix(".mo")
        if not po.exists() or (mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns):
            continue
        half = mo.with_suffix(f".{os.getpid()}")
        with half.open("wb") as file:
            write_mo(file, read(folder))
        half.replace(mo)


def problems() -> Iterator[str]:
    """What is wrong with the translations, one line each."""
    seen: dict[tuple[str | None, object], tuple[str, object]] = {}
    for folder in FOLDERS:
        wanted, known = extract_messages(folder), read(folder)
        for message in _messages(wanted):
            place = "{}:{}".format(*message.locations[0])
            translated = known.get(message.id, message.context)
            if not translated or not _last(translated.string):
                yield f"{place}: not translated in {folder}: {message.id!r}"
                continue
            if translated.fuzzy:
                yield f"{place}: fuzzy in {folder}: {message.id!r}"
            if _placeholders(translated.string) != _placeholders(message.id):
                yield f"{place}: other placeholders in {folder}: {message.id!r}"
            other = seen.setdefault((message.context, message.id), (folder, translated.string))
            if other[1] != translated.string:
                yield f"{place}: {folder} and {other[0]} differ on {message.id!r}: use pgettext"
        for message in _messages(known):
            if not wanted.get(message.id, message.context):
                yield f"{folder}: no longer in the source: {message.id!r}"


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def _last(text: Text) -> str:
    """The plural where there is one: the form that Chinese translates."""
    return text[-1] if isinstance(text, list | tuple) else text or ""


def _placeholders(text: Text) -> set[str]:
    return set(PLACEHOLDER.findall(_last(text)))
