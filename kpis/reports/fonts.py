"""Letters of reports as PDF: Latin ones in Helvetica, all others in the font that readers have for Chinese.

Neither is carried along: the first is one of PDF's fourteen standard fonts, the second is named by the
predefined CMaps of ISO 32000; see docs/decisions/reports.md.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

LATIN, CHINESE = "Helvetica", "STSong-Light"
ALIKE = str.maketrans({"−": "–", "\u00a0": " "})
"""What neither font has, as what looks like it."""


def register() -> None:
    """Make the fonts known. Again changes nothing."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))


def runs(text: str) -> Iterator[tuple[str, str]]:
    """The text cut into stretches, each with its font."""
    for font, letters in groupby(text.translate(ALIKE), _font):
        yield font, "".join(letters)


def _font(letter: str) -> str:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return CHINESE
    return LATIN


def markup(text: str) -> str:
    """The text for a paragraph, each stretch in its font; what it holds is no markup."""
    return "".join(f'<font name="{font}">{escape(letters)}</font>' for font, letters in runs(text))


def write(canvas: Any, at: tuple[float, float], text: str, size: float, anchor: str = "start") -> None:
    """Write a line of text; `anchor` is which part of it stands at `at`: start, middle or end."""
    (x, y), cut = at, list(runs(text))
    length = sum(pdfmetrics.stringWidth(letters, font, size) for font, letters in cut)
    x -= {"start": 0.0, "middle": length / 2, "end": length}[anchor]
    for font, letters in cut:
        canvas.setFont(font, size)
        canvas.drawString(x, y, letters)
        x += pdfmetrics.stringWidth(letters, font, size)
