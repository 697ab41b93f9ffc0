"""Small pictures for the thread, so that no page loads megabytes."""

import io

from django.http import HttpResponse
from PIL import Image

from feedback.models import Attachment

SIDE = 320
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=86400",
}


def thumbnail(attachment: Attachment) -> HttpResponse:
    """A picture of at most SIDE pixels a side."""
    with attachment.file.open("rb") as file, Image.open(file, formats=("JPEG", "PNG", "WEBP")) as image:
        image.draft("RGB", (SIDE, SIDE))
        image.thumbnail((SIDE, SIDE))
        small = io.BytesIO()
        image.convert("RGB").save(small, "JPEG", quality=75)
    return HttpResponse(small.getvalue(), content_type="image/jpeg", headers=HEADERS)
