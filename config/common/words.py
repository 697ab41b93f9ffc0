"""The words of a text, Chinese or not, as full-text search keeps and asks for them.

The database has no Chinese parser and needs none: rjieba cuts the text here, and the words go into a
`tsvector` and a `tsquery` as they are.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

import rjieba
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, Value

from config.common.traditional import TO_SIMPLIFIED

OWN_WORDS = ("开发票", "转人工", "补差价", "退差价", "没收到", "未收到", "花呗")
"""Words of a shop that the segmenter's dictionary lacks or cuts wrongly (开发|票)."""
OFTEN = 100_000
WORD = re.compile(r"\w+")
LONGEST = 64  # characters; what is longer is no word that anybody types


for _word in OWN_WORDS:
    rjieba.add_word(_word, OFTEN, "n")


def plain(text: str) -> str:
    """A text as it is compared: full-width letters made narrow, small letters, simplified characters."""
    return unicodedata.normalize("NFKC", text.replace("\0", " ")).casefold().translate(TO_SIMPLIFIED)


def words(text: str) -> Iterator[str]:
    """The words of a text, long words also in their parts: what is kept to be found."""
    return _worded(rjieba.cut_for_search(plain(text)))


def asked(text: str) -> list[str]:
    """The words that a question asks for, each once; words of one sign only where there is nothing else."""
    found = list(dict.fromkeys(_worded(rjieba.cut(plain(text)))))
    return [word for word in found if len(word) > 1] or found


def _worded(cut: Iterable[str]) -> Iterator[str]:
    """What is letters or digits of each piece: "b-2291" is found by "2291" too."""
    return (word for piece in cut for word in WORD.findall(piece) if len(word) <= LONGEST)


class Lexemes(Func):
    """A `tsvector` of words as they are, without positions."""

    template = "array_to_tsvector(%(expressions)s::text[])"
    output_field = SearchVectorField()

    def __init__(self, found: Iterable[str]) -> None:
        super().__init__(Value(sorted(set(found))))


class AllOf(SearchQuery):
    """A `tsquery` for texts that hold all of some words."""

    template = "%(expressions)s::tsquery"

    def __init__(self, wanted: Iterable[str]) -> None:
        super().__init__(" & ".join(map(quoted, wanted)))


def quoted(word: str) -> str:
    """A word as PostgreSQL reads it in a `tsvector` or `tsquery`."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
