"""A questionnaire with every kind of question, and its answers as pages, the API and paper give them."""

import io
import struct

from PIL import Image

from surveys.models import Layout, QuestionKind, SurveyVersion
from surveys.questionnaires import commands
from tests.factories.compensation import T0
from tests.factories.questionnaires import draft, launched, one

FRUIT = ["apple", "pear", {"code": "else", "text": "else", "takes_text": True, "is_last": True}]
KINDS = [
    one(QuestionKind.CSAT, "csat", bad_up_to=2),
    one(QuestionKind.CES, "ces", is_required=False),
    one(QuestionKind.NPS, "nps", is_required=False),
    one(QuestionKind.STARS, "stars", is_required=False),
    one(QuestionKind.LIKERT, "likert", is_required=False),
    one(QuestionKind.SINGLE, "single", FRUIT, is_required=False),
    one(QuestionKind.MULTIPLE, "multiple", FRUIT, is_required=False),
    one(QuestionKind.RANKING, "ranking", ["apple", "pear", "plum"], is_required=False),
    one(QuestionKind.MATRIX, "matrix", ["speed", "price"], is_required=False),
    one(QuestionKind.KANO, "kano", is_required=False),
    one(QuestionKind.NUMBER, "number", is_required=False),
    one(QuestionKind.DATE, "date", is_required=False),
    one(QuestionKind.SHORT, "short", is_required=False),
    one(QuestionKind.TEXT, "text", is_required=False),
    one(QuestionKind.PICTURE, "picture", is_required=False),
    one(QuestionKind.VOICE, "voice", is_required=False),
    one(QuestionKind.CONSENT, "consent", is_required=False),
]
FORM = {
    "q-csat": "5",
    "q-ces": "4",
    "q-nps": "9",
    "q-stars": "3",
    "q-likert": "2",
    "q-single": "else",
    "q-single.text": "a fig",
    "q-multiple": ["apple", "pear"],
    "q-ranking.apple": "2",
    "q-ranking.pear": "1",
    "q-ranking.plum": "3",
    "q-matrix.speed": "5",
    "q-matrix.price": "1",
    "q-kano.so": "1",
    "q-kano.not": "5",
    "q-number": "12.5",
    "q-date": "2026-11-22",
    "q-short": "a line",
    "q-text": "some words",
    "q-consent": "1",
}
"""What a page sends when all is answered, but for files."""


def all_kinds(layout=Layout.ALL, **fields):
    """A campaign that asks every kind of question."""
    return laid_out(layout, *KINDS, **fields)


def laid_out(layout, *questions, **fields):
    """A campaign whose page has a layout."""
    version = draft(*questions)
    SurveyVersion.objects.filter(pk=version.pk).update(layout=layout)
    commands.publish(version_id=version.pk, actor=None, at=T0)
    return launched(survey=version.survey, **fields)


def picture(size=(40, 30), where=True):
    """A photo as a phone takes it, with the place in it."""
    file = io.BytesIO()
    image = Image.new("RGB", size, "red")
    exif = image.getexif()
    if where:
        exif[0x010F] = "SECRETPHONE"
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


def wav(info=b"SECRETNAME"):
    """A short recording with a name in it."""
    said = b"LIST" + struct.pack("<I", len(info)) + info
    parts = (
        b"fmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
        + said
        + b"data"
        + struct.pack("<I", 8)
        + bytes(8)
    )
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WAVE" + parts
