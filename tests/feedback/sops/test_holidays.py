from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from feedback.sops.calendar import WorkCalendar
from feedback.sops.holidays import announced, china_exceptions
from feedback.sops.hours import DAYS

pytestmark = pytest.mark.req("F2")

HOURS = [["09:00", "12:00"], ["13:00", "18:00"]]


def span(first: str, last: str) -> set[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return {(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)}


def dates(year: int, *, closed: bool) -> set[str]:
    return {day for day, hours in china_exceptions([year], HOURS).items() if (not hours) == closed}


def test_2025_is_as_the_state_council_announced():
    # Notice of 12 November 2024 (国办发明电〔2024〕12号)
    assert dates(2025, closed=True) == (
        span("2025-01-01", "2025-01-01")
        | span("2025-01-28", "2025-02-04")
        | span("2025-04-04", "2025-04-06")
        | span("2025-05-01", "2025-05-05")
        | span("2025-05-31", "2025-06-02")
        | span("2025-10-01", "2025-10-08")
    )
    assert dates(2025, closed=False) == {"2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"}


def test_2026_is_as_the_state_council_announced():
    # Notice of 4 November 2025: a Spring Festival of nine days
    assert dates(2026, closed=True) == (
        span("2026-01-01", "2026-01-03")
        | span("2026-02-15", "2026-02-23")
        | span("2026-04-04", "2026-04-06")
        | span("2026-05-01", "2026-05-05")
        | span("2026-06-19", "2026-06-21")
        | span("2026-09-25", "2026-09-27")
        | span("2026-10-01", "2026-10-07")
    )
    assert dates(2026, closed=False) == {
        *("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"),
    }


def test_make_up_days_have_the_hours_given():
    exceptions = china_exceptions([2026], HOURS)
    assert exceptions["2026-02-14"] == HOURS
    exceptions["2026-02-14"][0][0] = "10:00"
    assert exceptions["2026-02-28"] == HOURS
    assert HOURS[0][0] == "09:00"


def test_a_break_over_new_year_is_complete_from_either_side():
    # New Year 2023 was 31 December 2022 to 2 January 2023
    assert "2022-12-31" in dates(2022, closed=True)
    assert {"2023-01-01", "2023-01-02"} <= dates(2023, closed=True)
    assert china_exceptions([2023, 2022], HOURS) == china_exceptions([2022], HOURS) | china_exceptions(
        [2023], HOURS
    )


def test_years_come_in_order_and_once():
    exceptions = china_exceptions(iter([2026, 2025, 2026]), HOURS)
    assert list(exceptions) == sorted(exceptions)
    assert {day[:4] for day in exceptions} == {"2025", "2026"}
    assert china_exceptions([], HOURS) == {}


def test_announced_years_have_a_notice():
    assert announced(2025)
    assert announced(2026)
    assert not announced(2099)
    assert "2099-10-01" in dates(2099, closed=True)
    assert dates(2099, closed=False) == set()


def test_a_calendar_takes_them():
    china = ZoneInfo("Asia/Shanghai")
    subject = WorkCalendar.from_json(
        {
            "zone": china.key,
            "hours": dict.fromkeys(DAYS[:5], HOURS),
            "exceptions": china_exceptions([2026], HOURS),
        }
    )
    start = datetime(2026, 2, 13, 17, 0, tzinfo=china)  # the Friday before Spring Festival
    assert subject.due(start, timedelta(hours=9)) == datetime(2026, 2, 14, 18, 0, tzinfo=china)
    assert subject.due(start, timedelta(hours=10)) == datetime(2026, 2, 24, 10, 0, tzinfo=china)
