"""Answering with an attachment; who may see it is asked before, by the view."""

from typing import Any, Protocol

from django.http import FileResponse


class Kept(Protocol):
    """A file that was kept under a name."""

    file: Any
    name: str
    content_type: str


def respond(attachment: Kept) -> FileResponse:
    """The file, never run as a page of ours: pictures and recordings play in place, the rest is saved."""
    in_place = attachment.content_type.startswith(("image/", "audio/"))
    response = FileResponse(
        attachment.file.open("rb"),
        as_attachment=not in_place,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=3600"
    return response
