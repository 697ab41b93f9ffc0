"""What may be attached: the type is told from the content, never from the name or the browser's word.

Pictures are decoded and written anew, so that neither a hidden location nor a hidden second file
survives. Recordings and PDFs are kept as they are, after a strict look at their structure.
"""

import hashlib
import io
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from config.common.errors import Invalid

PICTURES = {"JPEG": ("image/jpeg", ".jpg"), "PNG": ("image/png", ".png"), "WEBP": ("image/webp", ".webp")}
MAX_PIXELS = 50_000_000
MAX_SIDE = 4096
NAME_LENGTH = 120

ID3_HEADER = 10
M4A_BRANDS = (
    b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso5", b"iso6", b"3gp4", b"3gp5", b"dash",
)  # fmt: skip
WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<svg", b"<iframe")


@dataclass(frozen=True, slots=True)
class Clean:
    """A file that was looked at and may be kept."""

    name: str
    content_type: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The digest of what is kept."""
        return hashlib.sha256(self.data).hexdigest()


class BadFile(Invalid):
    """A file that is not taken, with its name and the reason in the message."""

    code = "bad_file"


def inspect(name: str, data: bytes) -> Clean:
    """Tell the type of a file, check it and give what may be kept of it.

    Raises:
        BadFile: empty, too big, broken, or of a type that is not taken.
    """
    if not data:
        raise BadFile(_("“%(name)s” is empty.") % {"name": clean_name(name, "")})
    sort, content_type, suffix = _sniff(data)
    if not sort:
        raise BadFile(
            _("“%(name)s” is not a picture (JPEG, PNG, WebP, GIF), a recording or a PDF.")
            % {"name": clean_name(name, "")}
        )
    limit = settings.ATTACHMENT_MEGABYTES[sort]
    if len(data) > limit * 1_000_000:
        raise BadFile(
            _("“%(name)s” is too big: %(limit)s MB at most.") % {"name": clean_name(name, ""), "limit": limit}
        )
    if sort == "picture":
        return _picture(name, data)
    if any(mark in data[:4096].lower() for mark in WEB_PAGE):
        raise BadFile(_("“%(name)s” hides a web page.") % {"name": clean_name(name, "")})
    return Clean(clean_name(name, suffix), content_type, data)


def clean_name(name: str, suffix: str) -> str:
    """The file's name without path, control and direction signs, with the suffix of its true type."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    base = "".join(sign for sign in base if unicodedata.category(sign)[0] != "C").strip(" .")
    if suffix:
        base = PurePosixPath(base).stem.strip(" .") if base else ""
    return (base or "file")[: NAME_LENGTH - len(suffix)] + suffix


def _sniff(data: bytes) -> tuple[str, str, str]:
    """The sort ("picture", "recording", "document" or ""), content type and suffix."""
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")):
        return "picture", "", ""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "picture", "", ""
    for is_it, content_type, suffix in (
        (_is_wav, "audio/wav", ".wav"),
        (_is_ogg, "audio/ogg", ".ogg"),
        (_is_amr, "audio/amr", ".amr"),
        (_is_m4a, "audio/mp4", ".m4a"),
        (_is_mp3, "audio/mpeg", ".mp3"),
    ):
        if is_it(data):
            return "recording", content_type, suffix
    if _is_pdf(data):
        return "document", "application/pdf", ".pdf"
    return "", "", ""


def _picture(name: str, data: bytes) -> Clean:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP", "GIF")) as image:
            pixels = image.width * image.height
            kept, encoded = _drawn_anew(image) if pixels <= MAX_PIXELS else ("", b"")
    except Exception as error:
        raise BadFile(_("“%(name)s” is broken.") % {"name": clean_name(name, "")}) from error
    if not kept:
        raise BadFile(_("“%(name)s” has too many pixels.") % {"name": clean_name(name, "")})
    content_type, suffix = PICTURES[kept]
    return Clean(clean_name(name, suffix), content_type, encoded)


def _drawn_anew(image: Image.Image) -> tuple[str, bytes]:
    """The format to keep and the upright picture in it. What moves becomes still."""
    kept = {"GIF": "PNG", "MPO": "JPEG"}.get(image.format or "", image.format or "")
    image.draft(None, (MAX_SIDE, MAX_SIDE))
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    return kept, _encode(upright, kept)


def _encode(image: Image.Image, kept: str) -> bytes:
    """The pixels alone, in a file of the given format: no EXIF, no comments, no thumbnails."""
    has_alpha = kept != "JPEG" and ("A" in image.getbands() or "transparency" in image.info)
    pixels = image.convert("RGBA" if has_alpha else "RGB")
    pixels.info = {}
    file = io.BytesIO()
    pixels.save(file, kept, quality=85)
    return file.getvalue()


def _is_wav(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:16] == b"WAVEfmt "


def _is_ogg(data: bytes) -> bool:
    return data[:5] == b"OggS\x00" and any(
        codec in data[:128] for codec in (b"OpusHead", b"\x01vorbis", b"Speex", b"\x7fFLAC")
    )


def _is_amr(data: bytes) -> bool:
    return data.startswith((b"#!AMR\n", b"#!AMR-WB\n"))


def _is_m4a(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in M4A_BRANDS


def _is_mp3(data: bytes) -> bool:
    """A frame header at the start, or after an ID3 tag of the length that the tag says."""
    start = 0
    if data[:3] == b"ID3" and len(data) > ID3_HEADER:
        size = 0
        for byte in data[6:10]:
            size = size << 7 | (byte & 0x7F)
        start = ID3_HEADER + size
    head = data[start : start + 4096].lstrip(b"\0")[:4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004 - a frame header's layout
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and bitrate not in (0, 15) and rate != 3  # noqa: PLR2004 - the same


def _is_pdf(data: bytes) -> bool:
    """Begins as one and ends as one: nothing may be hung on behind."""
    return data.startswith(b"%PDF-") and data.rstrip(b"\0\r\n\t ").endswith(b"%%EOF")
