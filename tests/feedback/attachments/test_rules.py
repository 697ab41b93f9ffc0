import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from feedback.attachments.rules import MAX_SIDE, BadFile, clean_name, inspect

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
MP3_FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413
RECORDINGS = {
    "audio/mpeg": MP3_FRAME * 3,
    "audio/mp4": b"\0\0\0\x20ftypM4A \0\0\0\0" + b"\0" * 100,
    "audio/ogg": b"OggS\0\x02" + b"\0" * 22 + b"OpusHead" + b"\0" * 50,
    "audio/wav": b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 40,
    "audio/amr": b"#!AMR\n" + b"\x3c" * 32,
}


def encoded(kind="JPEG", size=(40, 30), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, "red" if mode != "P" else 1).save(file, kind, **options)
    return file.getvalue()


def with_location():
    exif = Image.Exif()
    exif[0x010F] = "SpyPhone"
    exif[0x8825] = {1: "N", 2: (31.0, 13.0, 49.0), 3: "E", 4: (121.0, 28.0, 12.0)}
    return encoded(exif=exif, comment=b"secret comment")


@pytest.mark.req("F1")
@pytest.mark.parametrize(
    ("kind", "content_type", "suffix"),
    [
        ("JPEG", "image/jpeg", ".jpg"),
        ("PNG", "image/png", ".png"),
        ("WEBP", "image/webp", ".webp"),
        ("GIF", "image/png", ".png"),
    ],
)
def test_picture_is_told_by_content_and_written_anew(kind, content_type, suffix):
    clean = inspect("照片.exe", encoded(kind))
    assert (clean.content_type, clean.name) == (content_type, f"照片{suffix}")
    assert Image.open(io.BytesIO(clean.data)).size == (40, 30)


@pytest.mark.req("F23")
def test_no_metadata_survives():
    data = with_location()
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)
    clean = inspect("a.jpg", data)
    again = Image.open(io.BytesIO(clean.data))
    assert not again.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(again.info)
    assert b"SpyPhone" not in clean.data
    assert b"secret" not in clean.data


def test_no_text_of_a_png_survives():
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("GPS", "31.2,121.4")
    assert b"31.2,121.4" not in inspect("a.png", encoded("PNG", pnginfo=info)).data


def test_sideways_picture_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    clean = inspect("a.jpg", encoded(size=(40, 30), exif=exif))
    assert Image.open(io.BytesIO(clean.data)).size == (30, 40)


def test_transparency_is_kept():
    file = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 10)).save(file, "PNG")
    assert Image.open(io.BytesIO(inspect("a.png", file.getvalue()).data)).getpixel((0, 0)) == (255, 0, 0, 10)


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "P"), ("PNG", "1"), ("PNG", "LA")]
)
def test_every_colour_mode(kind, mode):
    assert inspect("a", encoded(kind, mode=mode) if mode != "LA" else encoded("PNG", mode="LA")).data


def test_large_picture_is_made_smaller():
    clean = inspect("a.jpg", encoded(size=(5000, 100)))
    assert Image.open(io.BytesIO(clean.data)).size[0] == MAX_SIDE


def test_hidden_second_file_is_gone():
    clean = inspect("a.jpg", encoded() + b"PK\x03\x04<script>alert(1)</script>")
    assert b"<script" not in clean.data


def bomb(width=30_000, height=30_000):
    """A PNG of a few hundred bytes that unpacks to gigabytes."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.mark.parametrize("size", [(30_000, 30_000), (8_000, 8_000)])
def test_decompression_bomb_is_refused(size):
    with pytest.raises(BadFile):
        inspect("a.png", bomb(*size))


@pytest.mark.parametrize("content_type", RECORDINGS)
def test_recording_is_kept_as_it_is(content_type):
    clean = inspect("语音.jpg", RECORDINGS[content_type])
    assert clean.content_type == content_type
    assert clean.data == RECORDINGS[content_type]
    assert clean.name.startswith("语音.")
    assert not clean.name.endswith(".jpg")


def test_mp3_after_its_tag():
    tag = b"ID3\x04\0\0" + bytes([0, 0, 1, 72]) + b"\0" * 200
    assert inspect("a.mp3", tag + MP3_FRAME).content_type == "audio/mpeg"
    with pytest.raises(BadFile):
        inspect("a.mp3", tag + b"<html>")


def test_pdf_is_kept_as_it_is():
    clean = inspect("发票.PDF", PDF)
    assert (clean.name, clean.content_type, clean.data) == ("发票.pdf", "application/pdf", PDF)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<html><script>alert(1)</script></html>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE html>",
        b"MZ\x90\0" * 50,
        b"PK\x03\x04" + b"\0" * 100,
        b"\x7fELF" + b"\0" * 100,
        b"\xff\xfb",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        b"GIF89a",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"RIFF\0\0\0\0AVI LIST",
        b"%PDF-1.4 no end",
        b"%PDF-1.4\n<script>alert(1)</script>\n%%EOF",
        PDF + b"PK\x05\x06" + b"\0" * 18,
        PDF + b"<html>",
        b" " + PDF,
        b"ID3" + b"\xff" * 20,
        b"\0\0\0\x20ftypqt  " + b"\0" * 50,
        b"OggS\0" + b"\0" * 100,
        encoded()[:200],
        encoded("BMP"),
        encoded("TIFF"),
        encoded("ICO", size=(16, 16)),
    ],
    ids=lambda data: repr(data[:16]),
)
def test_everything_else_is_refused(data):
    with pytest.raises(BadFile):
        inspect("a.jpg", data)


def test_refusal_names_the_file(settings):
    with pytest.raises(BadFile, match="坏的"):
        inspect("坏的.jpg", b"hello")


@pytest.mark.parametrize(
    ("sort", "data"), [("picture", encoded()), ("recording", MP3_FRAME), ("document", PDF)]
)
def test_each_sort_has_its_own_limit(settings, sort, data):
    others = {"picture": 9, "recording": 9, "document": 9}
    settings.ATTACHMENT_MEGABYTES = {**others, sort: 0}
    with pytest.raises(BadFile):
        inspect("a", data)
    settings.ATTACHMENT_MEGABYTES = {**dict.fromkeys(others, 0), sort: 9}
    assert inspect("a", data).data


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Windows\\evil.exe", "evil.png"),
        ("a\0b\r\nSet-Cookie: x.png", "abSet-Cookie: x.png"),
        ("gpj.\u202eevil.png", "gpj.evil.png"),
        ("...", "file.png"),
        ("", "file.png"),
        (".htaccess", "htaccess.png"),
        ("照片 (1).tar.gz", "照片 (1).tar.png"),
        ("x" * 500, "x" * 116 + ".png"),
        ("\ud800.png", "png.png"),
    ],
)
def test_names(name, clean):
    assert clean_name(name, ".png") == clean


@given(st.text(max_size=300))
def test_any_name_becomes_safe(name):
    clean = clean_name(name, ".jpg")
    assert clean.endswith(".jpg")
    assert len(clean) <= 120
    assert not set(clean) & set("/\\\0\r\n")
    clean.encode()


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", *(data[:40] for data in RECORDINGS.values()), PDF[:9], encoded()[:60]]),
)
def test_any_bytes_are_kept_or_refused_as_bad(data, start):
    try:
        clean = inspect("a", start + data)
    except BadFile:
        return
    assert clean.content_type.startswith(("image/", "audio/", "application/pdf"))
