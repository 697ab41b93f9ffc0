"""Reports as files: the same for the same report, with the same numbers as the page, whatever words hold."""

from io import BytesIO
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kpis.models import Report
from kpis.reports.fonts import markup, runs
from kpis.reports.pdf import pdf
from kpis.reports.words import sections, title
from kpis.reports.workbook import workbook
from tests.factories.feedback import DepartmentFactory
from tests.factories.reports import MONDAY, WEEK, measured, monthly, weekly

pytestmark = [pytest.mark.req("K3")]
SPOT = {
    "aspect": "quality", "by": "product", "value": "1", "name": "=cmd|' /C calc'!A0 <b>", "grown": True,
    "gaps": 3, "n": 20, "rate": 0.15, "usual": None, "until": "2026-10-31",
}  # fmt: skip
MORE = {
    "spots": [SPOT],
    "breaches": [{"code": "1", "name": "人手不足", "number": 3}, {"code": "none", "name": "", "number": 1}],
    "gap_causes": [{"code": "supply", "number": 2}, {"code": "", "number": 2}],
    "gaps": [
        {"aspect": "delivery", "number": 2, "before": 4, "year": 1},
        {"aspect": "quality", "number": 0, "before": 1},
    ],
    "improvements": [{"status": "closed", "verdict": "proved", "number": 1}],
    "alerts": [
        {"metric": "csat", "kind": "outlier", "dimension": "region", "key": "沪", "last": "2026-10-12"}
    ],
}


@pytest.fixture
def report(db):
    measured()
    found = monthly()
    Report.objects.filter(pk=found.pk).update(content=found.content | MORE)
    found.refresh_from_db()
    return found


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("write", [pdf, workbook])
def test_the_same_report_gives_the_same_file(report, write, language, monkeypatch):
    with translation.override(language):
        first = write(report)
        monkeypatch.setenv("TZ", "America/New_York")
        monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
        again = Report.objects.get(pk=report.pk)
        assert write(again) == first
    with translation.override("en" if language == "zh-hans" else "zh-hans"):
        assert write(report) != first


def test_the_workbook_holds_the_numbers_of_the_page_as_numbers_and_no_formula(report):
    book = openpyxl.load_workbook(BytesIO(workbook(report)))
    shown = sections(report)
    assert [sheet.title for sheet in book.worksheets[1:]] == [one.title[:31] for one in shown]
    for sheet, section in zip(book.worksheets[1:], shown, strict=True):
        for cells, row in zip(section.table.rows, sheet.iter_rows(min_row=2), strict=True):
            for cell, kept in zip(cells, row, strict=True):
                expected = cell.text if cell.number is None else pytest.approx(cell.number)
                assert kept.value == expected
                assert kept.data_type != "f"
                assert cell.number is None or cell.unit in kept.number_format


def test_times_are_minutes_in_a_workbook_so_that_they_can_be_reckoned_with():
    kept = {"value": 5400.0, "n": 9, "low": 5000.0, "high": 6000.0}
    one = {
        "metric": "first_reply_time", "now": kept, "before": kept | {"value": 7200.0}, "goal": None,
        "year": {"value": None, "n": 0, "low": None, "high": None}, "parts": [],
    }  # fmt: skip
    report = Report(kind="weekly", first=WEEK.first, last=WEEK.last, made_at=MONDAY)
    report.content = {"figures": [one], **{name: [] for name in MORE}}
    row = openpyxl.load_workbook(BytesIO(workbook(report))).worksheets[1][2]
    assert [(row[at].value, "分钟" in row[at].number_format) for at in (1, 5)] == [(90, True), (-30, True)]


def test_gaps_are_told_beside_those_a_year_before_where_that_was_counted(report):
    rows = next(one for one in sections(report) if one.name == "gaps").table.rows
    told = [[cell.number for cell in cells[1:]] for cells in rows]
    assert told == [[2, 4, -2, 1, 1], [0, 1, -1, None, None]]


def test_all_sections_are_told_and_empty_ones_left_out(report):
    assert [one.name for one in sections(report)] == [
        "figures", "gaps", "gap_causes", "spots", "breaches", "improvements", "alerts",
    ]  # fmt: skip
    report.content = {"figures": [], **{name: [] for name in MORE}}
    assert [one.name for one in sections(report)] == ["figures"]
    assert pdf(report).startswith(b"%PDF")
    assert workbook(report)


@pytest.mark.django_db
def test_a_department_names_its_report_whatever_it_is_called():
    department = DepartmentFactory(name="<b>客服</b>&")
    report = weekly(department)
    assert department.name in title(report)
    assert pdf(report).startswith(b"%PDF")


@given(st.text(max_size=60))
def test_letters_are_cut_into_fonts_and_stay_what_they_were(text):
    assert "".join(letters for _font, letters in runs(text)) == text.replace("−", "–").replace("\u00a0", " ")


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff")))
def test_words_are_no_markup(text):
    found = ET.fromstring(f"<p>{markup(text)}</p>")
    assert "".join(found.itertext()) == text.replace("−", "–").replace("\u00a0", " ")
    assert {one.tag for one in found} <= {"font"}
