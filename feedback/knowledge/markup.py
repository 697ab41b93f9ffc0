"""The few signs that articles are written with, as HTML for pages and as plain text for replies.

Paragraphs stand apart by an empty line. Lines that begin with "- " or "1. " are lists, "## " a heading.
Everything else is text: nothing that somebody writes becomes HTML of its own.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

BULLET = re.compile(r"^[-•·] +")
NUMBER = re.compile(r"^\d{1,3}[.、．)] *")
HEADING = re.compile(r"^#{1,3} +")


def to_html(text: str) -> SafeString:
    """The text as HTML, escaped."""
    return mark_safe("".join(_blocks(text)))  # noqa: S308 - every block is built by format_html


def to_text(text: str) -> str:
    """The text as one writes in a message: headings without their signs, no empty lines at the ends."""
    lines = (HEADING.sub("", line.rstrip()) for line in text.strip().splitlines())
    return "\n".join(lines)


def _blocks(text: str) -> Iterator[SafeString]:
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")]
    for kind, group in groupby(lines, key=_kind):
        if kind == "ul":
            yield format_html("<ul>{}</ul>", _items(group, BULLET))
        elif kind == "ol":
            yield format_html("<ol>{}</ol>", _items(group, NUMBER))
        elif kind == "h3":
            yield format_html_join("", "<h3>{}</h3>", ((HEADING.sub("", line),) for line in group))
        elif kind == "p":
            yield format_html(
                "<p>{}</p>", format_html_join(mark_safe("<br>"), "{}", ((one,) for one in group))
            )


def _kind(line: str) -> str:
    if not line:
        return ""
    if BULLET.match(line):
        return "ul"
    if NUMBER.match(line):
        return "ol"
    return "h3" if HEADING.match(line) else "p"


def _items(lines: Iterable[str], sign: re.Pattern[str]) -> SafeString:
    return format_html_join("", "<li>{}</li>", ((sign.sub("", line),) for line in lines))
