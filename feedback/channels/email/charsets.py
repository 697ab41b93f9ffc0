"""Bytes of letters as text, whatever they call themselves. Pure.

Chinese mailers write "gb2312" and send gb18030, or name nothing at all.
"""

from email.errors import HeaderParseError
from email.header import decode_header

ALIASES = {
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "ms936": "gb18030",
    "gb_2312-80": "gb18030", "hz-gb-2312": "hz", "euc-cn": "gb18030", "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252", "us-ascii": "utf-8", "ascii": "utf-8", "unknown-8bit": "",
}  # fmt: skip


def decode(data: bytes, charset: str | None = None) -> str:
    """The text of some bytes: by the named charset if they fit it, else by the likeliest that they fit.

    What fits none keeps its readable parts.
    """
    named = _known(charset)
    guesses = [named, "utf-8", "gb18030"] if named else ["utf-8", "gb18030", "cp1252"]
    for name in guesses:
        try:
            return _storable(data.decode(name))
        except UnicodeDecodeError:
            continue
    return _storable(data.decode(named or "utf-8", "replace"))


def _storable(text: str) -> str:
    """The text without what no database takes: NUL, and halves of signs, which some charsets can spell."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _known(charset: str | None) -> str:
    """The charset's name, if Python has it."""
    name = (charset or "").strip().strip("\"'").lower()
    name = ALIASES.get(name, name)
    try:
        b" ".decode(name or "?")  # also refuses what is a codec, but none of text
    except UnicodeDecodeError:  # one of several bytes a sign
        return name
    except (LookupError, ValueError):
        return ""
    return name


def header(raw: str | None) -> str:
    """The text of a header on one line: encoded words decoded, bare bytes guessed."""
    if not raw:
        return ""
    text = str(raw)
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        parts = [(text, None)]
    said = "".join(
        decode(part, charset) if isinstance(part, bytes) else _bare(part) for part, charset in parts
    )
    return " ".join(_bare(said).split())


def _bare(text: str) -> str:
    """Text in which the mail parser has hidden bytes as surrogates."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that hide nothing
        raw = text.encode("utf-8", "replace")
    return _storable(text) if raw.isascii() else decode(raw)
