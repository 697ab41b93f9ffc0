"""JSON from outside: as deep as anybody needs, and with no text that a database cannot keep."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError

DEEPEST = 50
"""Lists and objects in one another. Deeper ones only serve to exhaust whoever walks through them."""


def is_plain(content: Any) -> bool:
    """Whether parsed JSON is at most `DEEPEST` deep, and no text of it holds a NUL or half a character."""
    left = [(content, 0)]
    while left:
        value, depth = left.pop()
        if depth > DEEPEST:
            return False
        if isinstance(value, str):
            if not _can_be_kept(value):
                return False
        elif isinstance(value, Mapping):
            if not all(map(_can_be_kept, value)):
                return False
            left += ((one, depth + 1) for one in value.values())
        elif isinstance(value, list):
            left += ((one, depth + 1) for one in value)
    return True


def _can_be_kept(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text))


class JSONParser(parsers.JSONParser):
    """Takes plain JSON and refuses the rest."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Read the body of a request.

        Raises:
            ParseError: it is not JSON, or not plain (see `is_plain`).
        """
        try:
            content = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("This is not JSON.")) from error
        if not is_plain(content):
            raise ParseError(_("This JSON is nested too deeply, or has a sign in it that no text has."))
        return content
