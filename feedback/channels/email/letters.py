"""A letter as it came, taken apart. Pure: bytes in, texts and files out."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mime
from email.utils import getaddresses

from feedback.channels.email.charsets import decode, header
from feedback.channels.email.texts import text_of_html

MAX_PARTS = 300
ID = re.compile(r"<([!-;=?-~]{1,250})>")
RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-forwarded-to", "resent-to")
SHOWN = ("from", "to", "cc", "subject", "date", "reply-to")


class Unreadable(Exception):
    """These bytes are no letter that anybody could read."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file that came with a letter; `cid` is what its HTML calls it by."""

    name: str
    content_type: str
    data: bytes
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says."""

    digest: str
    letter_id: str
    answers: tuple[str, ...]
    """The Message-IDs that it answers, the latest first."""
    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    date: str
    text: str
    html: str
    parts: tuple[Part, ...]
    headers: dict[str, str] = field(repr=False)
    """Every header by its lower-case name; of several of a name the first."""
    report: tuple[str, ...] = ()
    """The fields of a delivery report and the headers of the letter that came back, as text."""


def read(raw: bytes) -> Letter:
    """Take a letter apart.

    Raises:
        Unreadable: it has no sender, too many parts, or is broken beyond reading.
    """
    try:
        return _read(raw)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # the parser stumbles in many ways over what was built to break it
        raise Unreadable(type(error).__name__) from error


def _read(raw: bytes) -> Letter:
    mime = message_from_bytes(raw)
    headers: dict[str, str] = {}
    for name, value in mime.raw_items():  # bare bytes as surrogates, which `header` reads
        headers.setdefault(name.lower(), str(value))
    name, sender = _sender(headers.get("from", ""))
    ids = ID.findall(headers.get("message-id", ""))
    texts, pages, parts, report = _contents(mime)
    html = "\n".join(pages)
    text = "\n\n".join(one for one in texts if one.strip()) or (text_of_html(html) if html else "")
    return Letter(
        digest=_digest(raw, headers),
        letter_id=ids[0] if ids else "",
        answers=_answers(headers),
        sender=sender,
        sender_name=name,
        recipients=_recipients(mime),
        subject=header(headers.get("subject"))[:1000],
        date=header(headers.get("date"))[:100],
        text=text,
        html=html,
        parts=tuple(parts),
        headers={name: header(value)[:2000] for name, value in headers.items()},
        report=tuple(report),
    )


def _digest(raw: bytes, headers: dict[str, str]) -> str:
    """What makes it one and the same letter, however often and to whichever mailbox it was delivered.

    The headers that its writer set, and everything below them; not those that servers add on the way.
    """
    body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2].rstrip()
    known = hashlib.sha256(body)
    for name in ("message-id", "from", "date", "subject"):
        known.update(b"\0" + headers.get(name, "").encode("utf-8", "surrogatepass"))
    return known.hexdigest()


def digest_of(raw: bytes) -> str:
    """The same of bytes that cannot be read."""
    return hashlib.sha256(raw).hexdigest()


def _sender(raw: str) -> tuple[str, str]:
    for name, address in getaddresses([" ".join(raw.split())]):
        if "@" in address:
            return header(name)[:200], header(address).strip().lower()[:320]
    raise Unreadable("no sender")


def _recipients(mime: Mime) -> tuple[str, ...]:
    raw = [str(value) for name, value in mime.raw_items() if name.lower() in RECIPIENTS]
    found = [address.strip().lower() for _name, address in getaddresses(raw) if "@" in address]
    return tuple(dict.fromkeys(found))[:200]


def _answers(headers: dict[str, str]) -> tuple[str, ...]:
    latest = [
        *ID.findall(headers.get("in-reply-to", "")),
        *reversed(ID.findall(headers.get("references", ""))),
    ]
    return tuple(dict.fromkeys(latest))[:50]


def _contents(mime: Mime) -> tuple[list[str], list[str], list[Part], list[str]]:
    texts: list[str] = []
    pages: list[str] = []
    parts: list[Part] = []
    report: list[str] = []
    for part in _leaves(mime):
        kind = part.get_content_type()
        if kind in {"message/delivery-status", "message/rfc822", "text/rfc822-headers"} and _is_report(mime):
            report.append(_as_text(part))
            continue
        is_file = part.get_content_disposition() == "attachment" or bool(_name(part))
        if kind == "text/plain" and not is_file:
            texts.append(_text(part))
        elif kind == "text/html" and not is_file:
            pages.append(_text(part))
        else:
            parts.append(_file(part, kind, len(parts)))
    return texts, pages, parts, report


def _is_report(mime: Mime) -> bool:
    return mime.get_content_type() == "multipart/report"


def _leaves(mime: Mime) -> Iterator[Mime]:
    """The parts that hold something; a letter within the letter is one, and is not opened."""
    waiting, seen = [mime], 0
    while waiting:
        part = waiting.pop(0)
        seen += 1
        if seen > MAX_PARTS:
            raise Unreadable("too many parts")
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            waiting[:0] = [one for one in part.get_payload() if isinstance(one, Mime)]
        elif (
            part.get_content_type() in {"message/delivery-status", "message/rfc822"}
            or not part.is_multipart()
        ):
            yield part


def _as_text(part: Mime) -> str:
    """A report's own text, or the headers of the letter that came back."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return _text(part)
    blocks = (
        "\n".join(f"{name}: {header(str(value))}" for name, value in one.items())
        for one in payload
        if isinstance(one, Mime)
    )
    return "\n\n".join(blocks)


def _text(part: Mime) -> str:
    data = part.get_payload(decode=True)
    text = decode(data, part.get_content_charset()) if isinstance(data, bytes) else str(part.get_payload())
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _name(part: Mime) -> str:
    try:
        return header(part.get_filename())
    except (ValueError, LookupError):
        return "file"


def _file(part: Mime, kind: str, number: int) -> Part:
    if part.is_multipart():  # a letter within the letter
        inner = part.get_payload()
        data = inner[0].as_bytes() if isinstance(inner, list) and isinstance(inner[0], Mime) else b""
        return Part(_name(part) or f"letter-{number + 1}.eml", kind, data)
    content = part.get_payload(decode=True)
    cid = str(part.get("content-id", "")).strip().strip("<>")
    return Part(
        _name(part) or f"file-{number + 1}", kind, content if isinstance(content, bytes) else b"", cid[:250]
    )
