import csv
import io
from datetime import UTC, datetime
from zipfile import ZipFile

import pytest

from config.common.sheets import csv_response, xlsx_response

ROWS = [
    ("name", "at", "n", "nothing"),
    ("=1+1", datetime(2026, 11, 21, 4, tzinfo=UTC), 7, None),
    ("+86 138", None, -5, True),
    ('say "hi", 回音', None, 1.5, "\tx"),
]


def test_csv_is_read_as_it_was_written_and_runs_nothing():
    response = csv_response("cases", iter(ROWS))
    text = response.getvalue().decode("utf-8-sig")
    assert response["Content-Disposition"] == 'attachment; filename="cases.csv"'
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1] == ["'=1+1", "2026-11-21 12:00:00", "7", ""]
    assert rows[2] == ["'+86 138", "", "-5", "True"]
    assert rows[3] == ['say "hi", 回音', "", "1.5", "'\tx"]


@pytest.mark.parametrize("sign", ["=", "＝", "+", "＋", "-", "－", "@", "＠", "\t", "\r", "\n"])
def test_nothing_that_a_spreadsheet_runs_begins_a_cell(sign):
    text = csv_response("cases", [(f"{sign}cmd|' /C calc'!A0",)]).getvalue().decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(text, newline="")))[0].startswith(f"'{sign}")


def test_xlsx_holds_text_not_formulas():
    content = xlsx_response("cases", [*ROWS, ("https://huiyin.example", "x" * 40_000)]).getvalue()
    sheet = ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "=1+1" in sheet
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "x" * 32_767 in sheet
    assert "x" * 32_768 not in sheet
