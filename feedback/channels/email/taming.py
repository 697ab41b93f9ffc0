"""HTML of strangers written anew, so that no parser works for minutes on it or fills the memory. Pure.

A parser that follows the standard takes quadratic time over tags nested without end, and makes a hundred
million elements of a hundred kilobytes of fonts that nobody closes: every paragraph gets all of them again.
So each tag that is kept is closed, only so many are open at once, and what looks like a tag but breaks off
is text. What may stand in a page is decided after this, not here.
"""

import re
from collections.abc import Collection, Iterator

DEEPEST = 200
"""How many elements stand within each other; the content of deeper ones stays."""
FONTS = 20
"""How many elements that change letters are open at once."""
MOST = 50_000
"""How many elements a page has; after that its text goes on without."""
BROKEN = 20
"""How many tags may break off until every further "<" is a sign like others: each look takes time."""
LONGEST_TAG = 200_000

VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
FOREIGN = {"svg", "math"}  # these may end where they begin: <svg/>
FORMATTING = {
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
}  # fmt: skip
KEPT = {
    "align", "alt", "class", "color", "colspan", "dir", "height", "href", "id", "lang", "rowspan", "src",
    "title", "width",
}  # fmt: skip

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
BEGUN = re.compile(r"<[!?/a-zA-Z]")
OTHER = re.compile(r"<[!?/][^>]*>")  # such as a doctype
ATTRIBUTE = re.compile(r"""([a-zA-Z]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


def tamed(html: str, *, tags: Collection[str], gone: Collection[str]) -> str:
    """The page with nothing but `tags` in it, each closed; what stands within `gone` is left out."""
    return "".join(_written(COMMENT.sub("", html), tags, gone))


def _written(html: str, tags: Collection[str], gone: Collection[str]) -> Iterator[str]:
    opened: list[str] = []
    count = broken = place = 0
    while (start := html.find("<", place)) >= 0:
        yield html[place:start]
        found = TAG.match(html, start, start + LONGEST_TAG) if broken < BROKEN else None
        other = None if found else OTHER.match(html, start, start + LONGEST_TAG) if broken < BROKEN else None
        if found is None:
            broken += other is None and bool(BEGUN.match(html, start))
            place = other.end() if other else start + 1
            yield "" if other else "&lt;"
            continue
        place = found.end()
        name, is_end = found[2].lower(), bool(found[1])
        if is_end:
            yield from _close(opened, name)
        elif name in gone and name not in VOID and not (name in FOREIGN and found[3].endswith("/")):
            place = _end_of(name, html, place)
        elif name in tags and count < MOST:
            if name in VOID:
                yield f"<{name}{_attributes(found[3])}>"
            elif len(opened) < DEEPEST and not (name in FORMATTING and _fonts(opened) >= FONTS):
                opened.append(name)
                yield f"<{name}{_attributes(found[3])}>"
            count += 1
    yield html[place:]
    yield from (f"</{name}>" for name in reversed(opened))


def _close(opened: list[str], name: str) -> Iterator[str]:
    """Close an element, and those that were left open within it."""
    if name in opened:
        last = ""
        while last != name:
            last = opened.pop()
            yield f"</{last}>"


def _fonts(opened: list[str]) -> int:
    return sum(name in FORMATTING for name in opened)


def _end_of(name: str, html: str, place: int) -> int:
    """Where the content of an element ends, its own end included; of one that has no end, all the rest."""
    end = re.compile(rf"</{re.escape(name)}\b[^>]*>", re.IGNORECASE).search(html, place)
    return end.end() if end else len(html)


def _attributes(text: str) -> str:
    given: dict[str, str] = {}
    for name, *values in ATTRIBUTE.findall(text):
        if name.lower() in KEPT:
            given.setdefault(name.lower(), next((value for value in values if value), ""))
    return "".join(
        f' {name}="{value.replace(chr(34), "&quot;").replace("<", "&lt;")}"' for name, value in given.items()
    )
