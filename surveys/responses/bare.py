"""Recordings without what is written about them: names, devices, places, moments. Pure.

Pictures are drawn anew by whoever looks at uploads (feedback.attachments); recordings are kept as they are,
which is not enough where nobody may know whose they are.
"""

from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from feedback.attachments.rules import BadFile, Clean

TAG, TAIL = 10, 128
"""Bytes of the head of an ID3 tag, and of an old one at the end."""
HEAD = 8
"""Of a part of an MPEG-4 or WAVE file: its length and its name."""
FREE = b"free"
HOLDING = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
WRITTEN = (b"udta", b"meta", b"uuid")
TIMED = {b"mvhd": 12, b"tkhd": 12, b"mdhd": 12}
"""Where in these parts two moments stand, of 4 or by version of 8 bytes, after version and flags."""


def bare(clean: Clean) -> Clean:
    """The same sound without name and description.

    Raises:
        BadFile: of a kind from which they cannot be taken.
    """
    without = CLEANERS.get(clean.content_type)
    if clean.content_type.startswith("image/"):
        return replace(clean, name="")
    if without is None:
        raise BadFile(_("A recording of this kind tells too much. Please send it as M4A, MP3, WAV or AMR."))
    return replace(clean, name="", data=without(clean.data))


def _mp3(data: bytes) -> bytes:
    while data[:3] == b"ID3" and len(data) > TAG:
        size = 0
        for byte in data[6:10]:
            size = size << 7 | (byte & 0x7F)
        data = data[TAG + size :]
    if data[-TAIL:][:3] == b"TAG":
        data = data[:-TAIL]
    ape = data.rfind(b"APETAGEX")
    return data[:ape] if ape >= 0 else data


def _wav(data: bytes) -> bytes:
    kept, at = b"", 12
    while at + HEAD <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + HEAD + size + size % 2
        if name in {b"fmt ", b"fact", b"data"}:
            kept += data[at:end]
        at = end
    return b"RIFF" + (len(kept) + 4).to_bytes(4, "little") + b"WAVE" + kept


def _mp4(data: bytes) -> bytes:
    """Parts that describe become empty ones of the same length, so that nothing else moves."""
    out = bytearray(data)
    _blank(out, 0, len(out))
    return bytes(out)


def _blank(out: bytearray, at: int, end: int) -> None:
    while at + HEAD <= end:
        size, name, head = int.from_bytes(out[at : at + 4], "big"), bytes(out[at + 4 : at + 8]), HEAD
        if size == 1:
            size, head = int.from_bytes(out[at + 8 : at + 16], "big"), 16
        size = end - at if size == 0 else size
        if size < head or at + size > end:
            return
        if name in WRITTEN:
            out[at + 4 : at + 8] = FREE
            out[at + head : at + size] = bytes(size - head)
        elif name in HOLDING:
            _blank(out, at + head, at + size)
        elif name in TIMED:
            first = at + head + 4
            width = 16 if out[at + head] else 8
            out[first : min(first + width, at + size)] = bytes(min(width, at + size - first))
        at += size


def _amr(data: bytes) -> bytes:
    """Holds nothing but sound."""
    return data


CLEANERS: dict[str, Callable[[bytes], bytes]] = {
    "audio/mpeg": _mp3,
    "audio/wav": _wav,
    "audio/mp4": _mp4,
    "audio/amr": _amr,
}
