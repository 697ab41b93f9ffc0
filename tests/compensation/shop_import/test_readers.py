from datetime import UTC, datetime

import pytest
from openpyxl import Workbook

from compensation.shop_import.errors import FileError
from compensation.shop_import.maps import Source
from compensation.shop_import.readers import rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).replace(tzinfo=None)  # a spreadsheet knows no zones


def read(path, wanted=("id", "name"), **options):
    return list(rows(path, Source(path.name, **options), set(wanted)))


@pytest.fixture
def write(tmp_path):
    def write(content, name="members.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(write, encoding, delimiter):
    text = f"id{delimiter}name\r\n1{delimiter}王小明\r\n2{delimiter}李雷\r\n"
    found = read(write(text.encode(encoding)))
    assert [row.cells for row in found] == [{"id": "1", "name": "王小明"}, {"id": "2", "name": "李雷"}]


def test_lines_are_counted_where_rows_start(write):
    found = read(write(b'id,name\n1,"two\nlines, ""quoted"""\n\n2,x\n'))
    assert [(row.line, row.cells["name"]) for row in found] == [(2, 'two\nlines, "quoted"'), (5, "x")]


def test_a_row_of_another_width_has_a_fault(write):
    found = read(write(b"id,name\n1\n2,a,b\n3,c\n"))
    assert [bool(row.fault) for row in found] == [True, True, False]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"%PDF-1.7 something",
        b"PK\x03\x04 not a zip",
        bytes(range(256)),
        b"id,other\n1,2\n",
        b"id,name,name\n1,2,3\n",
        b"\n\n\n",
        "id,name\n1,王".encode() + b"\xff\xff\n",
    ],
)
def test_what_is_no_table_with_the_columns_is_refused(write, content):
    with pytest.raises(FileError):
        read(write(content))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileError):
        read(tmp_path / "none.csv")
    with pytest.raises(FileError):
        read(tmp_path)


def test_a_missing_column_is_named(write):
    with pytest.raises(FileError, match="name") as caught:
        read(write(b"id,nombre\n"))
    assert caught.value.details["missing"] == ["name"]


def test_an_unknown_encoding_in_the_map_is_refused(write):
    with pytest.raises(FileError, match="klingon"):
        read(write(b"id,name\n1,x\n"), encoding="klingon")
    with pytest.raises(FileError):
        read(write("id,name\n1,é\n".encode()), encoding="ascii")


@pytest.mark.parametrize("content", [b'id,name\n1,"' + b"x" * 200_000, b"id,name\n1," + b"y" * 1_100_000])
def test_a_huge_field_ends_the_file_with_its_line(write, content):
    reading = rows(path := write(content), Source(path.name), {"id", "name"})
    with pytest.raises(FileError, match="2"):
        list(reading)


def test_a_spreadsheet_is_read(tmp_path):
    book = Workbook()
    book.active.append(["id", "name", None])
    book.active.append([7.0, "王小明"])
    book.active.append([])
    book.active.append([8, NOON])
    book.save(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx")
    assert [(row.line, row.cells) for row in found] == [
        (2, {"id": 7, "name": "王小明"}),
        (4, {"id": 8, "name": NOON}),
    ]


def test_a_sheet_can_be_named(tmp_path):
    book = Workbook()
    book.create_sheet("会员").append(["id", "name"])
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx", sheet="会员") == []
    with pytest.raises(FileError, match="订单"):
        read(tmp_path / "a.xlsx", sheet="订单")
    with pytest.raises(FileError):
        read(tmp_path / "a.xlsx")


def test_a_broken_spreadsheet_is_refused(tmp_path):
    book = Workbook()
    book.active.append(["id", "name"])
    book.save(tmp_path / "a.xlsx")
    data = (tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "half.xlsx").write_bytes(data[: len(data) // 2])
    with pytest.raises(FileError):
        read(tmp_path / "half.xlsx")
