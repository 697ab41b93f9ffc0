from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.shop_import.convert import BadValueError, FieldType, Type, value_of
from compensation.shop_import.maps import FieldMap, Format
from compensation.shop_import.reports import harmless

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def value(raw, kind=Type.TEXT, *, required=False, longest=200, least=0, choices=(), **options):
    formats = {
        name: options.pop(name)
        for name in ("zone", "dates", "unit", "decimal", "thousands", "blank")
        if name in options
    }
    field = FieldMap(("x",), Format(**{"zone": ZoneInfo("Asia/Shanghai"), **formats}), **options)
    return value_of({"x": raw}, field, FieldType(kind, longest, required, least, choices=choices))


@pytest.mark.parametrize(
    ("raw", "expected", "options"),
    [
        ("2018-08-17 12:15:10", datetime(2018, 8, 17, 15, 15, 10, tzinfo=UTC), {"zone": SAO_PAULO}),
        ("2018-08-17T12:15:10Z", datetime(2018, 8, 17, 12, 15, 10, tzinfo=UTC), {"zone": SAO_PAULO}),
        ("2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC), {}),
        ("2026-03-01", datetime(2026, 3, 1, 16, tzinfo=UTC), {"end_of_day": True}),
        ("2026-03-01 00:00:00", datetime(2026, 3, 1, 16, tzinfo=UTC), {"end_of_day": True}),
        ("2026-03-01 09:30", datetime(2026, 3, 1, 1, 30, tzinfo=UTC), {"end_of_day": True}),
        ("01/03/2026 18:00", datetime(2026, 3, 1, 10, tzinfo=UTC), {"dates": ("iso", "%d/%m/%Y %H:%M")}),
        ("2026年3月1日", datetime(2026, 2, 28, 16, tzinfo=UTC), {"dates": ("%Y年%m月%d日",)}),
        (datetime(2026, 3, 1, 18, tzinfo=UTC).replace(tzinfo=None), datetime(2026, 3, 1, 10, tzinfo=UTC), {}),
        # the day that has 23 hours: its end is the next midnight of the place
        ("2017-10-15", datetime(2017, 10, 16, 2, tzinfo=UTC), {"zone": SAO_PAULO, "end_of_day": True}),
    ],
)
def test_times(raw, expected, options):
    assert value(raw, Type.TIME, **options) == expected


@pytest.mark.parametrize(
    "raw", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31 23:59", "12", "1e5", True]
)
def test_what_is_no_time_is_refused(raw):
    with pytest.raises(BadValueError):
        value(raw, Type.TIME)


@pytest.mark.parametrize(
    ("raw", "fen", "options"),
    [
        ("99.9", 9990, {}),
        ("￥1,234.50", 123450, {"thousands": ","}),
        ("1.234,50", 123450, {"thousands": ".", "decimal": ","}),
        (19.99, 1999, {}),
        (0.1 + 0.2, None, {}),
        ("0.005", 1, {}),
        ("1999", 1999, {"unit": "fen"}),
        (5, 500, {}),
    ],
)
def test_money_is_whole_fen(raw, fen, options):
    if fen is None:
        with pytest.raises(BadValueError):
            value(raw, Type.MONEY, **options)
    else:
        assert value(raw, Type.MONEY, **options) == fen


@pytest.mark.parametrize(
    "raw", ["-1", "NaN", "Infinity", "1e99", "1_000", "1,5", "=1+1", "free", "١٢x", True]
)
def test_what_is_no_money_is_refused(raw):
    with pytest.raises(BadValueError):
        value(raw, Type.MONEY)


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_yuan_become_exact_fen(yuan):
    assert value(str(yuan), Type.MONEY) == int(yuan * 100)
    assert value(str(yuan).replace(".", ","), Type.MONEY, decimal=",") == int(yuan * 100)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.datetimes(), st.dates()))
def test_any_cell_is_a_value_or_refused(raw):
    for kind in Type:
        with suppress(BadValueError):
            assert value(raw, kind, choices=("paid",), required=True) is not None


def test_the_other_kinds():
    assert value("12", Type.NUMBER) == 12
    assert value(12.0, Type.TEXT) == "12"
    assert value(date(2026, 3, 1), Type.DATE) == date(2026, 3, 1)
    assert value("是", Type.FLAG) is True
    assert value("No", Type.FLAG) is False
    assert value("a@b.cn", Type.EMAIL) == "a@b.cn"
    assert value("已付", Type.CHOICE, choices=("paid",), values={"已付": "paid"}) == "paid"
    for raw, kind in [("1.5", Type.NUMBER), ("maybe", Type.FLAG), ("a@", Type.EMAIL), ("lost", Type.CHOICE)]:
        with pytest.raises(BadValueError):
            value(raw, kind)
    with pytest.raises(BadValueError):
        value("已退", Type.CHOICE, choices=("paid",), values={"已付": "paid"})


def test_empty_cells():
    assert value("", Type.TEXT) == ""
    assert value(" ", Type.TIME) is None
    assert value("NULL", Type.TIME, blank=frozenset({"NULL"})) is None
    assert value(None, Type.MONEY, default="0") == 0
    with pytest.raises(BadValueError):
        value("", Type.TEXT, required=True)


def test_hostile_text():
    with pytest.raises(BadValueError):
        value("a\0b")
    with pytest.raises(BadValueError):
        value("x" * 201)
    assert value("=HYPERLINK(1)") == "=HYPERLINK(1)"  # text stays text; only a report must not run it
    assert harmless("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert len(harmless("x" * 10_000)) == 200
    assert "\0" not in harmless("a\0b")


def test_several_columns_make_one_value():
    field = FieldMap(("a", "b"), Format(ZoneInfo("UTC")))
    kind = FieldType(required=True)
    assert value_of({"a": "r1", "b": 7.0}, field, kind) == "r1-7"
    with pytest.raises(BadValueError):
        value_of({"a": "r1", "b": ""}, field, kind)


def test_decimals_of_yuan_are_not_floats():
    assert value("0.29", Type.MONEY) == int(Decimal("0.29") * 100)
