"""A report as PDF on A4, with the same tables and charts as its page. The same report gives the same file."""

from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from kpis.models import Report
from kpis.reports.fonts import LATIN, markup, register, write
from kpis.reports.pdf_charts import INK, QUIET, RULE, Drawn
from kpis.reports.words import Section, Table, sections, title

TONES = {"is-ok": HexColor("#0f7a4d"), "is-bad": HexColor("#b3261e")}
MARGIN, GAP = 16 * mm, 4 * mm
ROOM = A4[0] - 2 * MARGIN
HEADING = ParagraphStyle("heading", fontName=LATIN, fontSize=13, leading=18, textColor=INK)
TITLE = ParagraphStyle("title", parent=HEADING, fontSize=18, leading=24)
PLAIN = ParagraphStyle("plain", fontName=LATIN, fontSize=9, leading=12, textColor=INK)
SMALL = ParagraphStyle("small", parent=PLAIN, fontSize=8, textColor=QUIET)
STYLES = {tone: ParagraphStyle(tone, parent=PLAIN, textColor=colour) for tone, colour in TONES.items()}
EDGE = ("LEFTPADDING", (0, 0), (-1, -1), 0)
LINED = [
    EDGE,
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
WIDEST = 0.34
"""How much of the page the names of rows take, at most."""


def pdf(report: Report) -> bytes:
    """The file, in the language of the moment."""
    register()
    file, name = BytesIO(), title(report)
    page = SimpleDocTemplate(
        file, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=name, author="Huiyin", invariant=1,
    )  # fmt: skip
    story: list[Any] = [_words(name, TITLE), _words(f"{report.first} – {report.last}", SMALL)]
    for section in sections(report):
        story += _section(section)
    page.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return file.getvalue()


def _foot(canvas: Any, _page: Any) -> None:
    canvas.setFillColor(QUIET)
    write(canvas, (A4[0] / 2, 9 * mm), f"{canvas.getPageNumber()}", 8, "middle")


def _words(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(markup(text), style)


def _section(section: Section) -> list[Any]:
    """Heading and table on one page where they fit, then the charts side by side."""
    whole = [Spacer(1, GAP), _words(section.title, HEADING), Spacer(1, GAP / 2), _grid(section.table)]
    charts = [Drawn(one, (ROOM - GAP) / 2) for one in section.charts]
    pairs = [[*charts[place : place + 2], ""][:2] for place in range(0, len(charts), 2)]
    drawn = [Grid([pair], colWidths=[ROOM / 2] * 2, style=[EDGE]) for pair in pairs]
    return [KeepTogether(whole), Spacer(1, GAP), *drawn]


def _grid(table: Table) -> Grid:
    """The table over the width of the page, its head again on each page."""
    others = len(table.head) - 1
    first = min(WIDEST, 2 / (others + 2))
    columns = [ROOM * first] + [ROOM * (1 - first) / others] * others
    head = [_words(one, SMALL) for one in table.head]
    rows = [[_words(cell.text, STYLES.get(cell.tone, PLAIN)) for cell in cells] for cells in table.rows]
    nothing = [_words(_("Nothing was measured in this time."), SMALL), *[""] * others]
    return Grid([head, *(rows or [nothing])], colWidths=columns, repeatRows=1, style=LINED)
