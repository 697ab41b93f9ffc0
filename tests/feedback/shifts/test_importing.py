"""A roster from a table: all lines or none, and every mistake named by its line."""

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone, translation

from config.common.models import Event
from feedback.models import Leave, Shift
from feedback.shifts import importing
from feedback.shifts.importing import BadRoster
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import START
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F5")]

AGENTS = {"anna": [1], "安娜": [1], "bo": [2], "twins": [1, 2]}


def line(agent="anna", day="2026-03-04", start="09:00", until="18:00", kind=""):
    return {"agent": agent, "date": day, "from": start, "until": until, "kind": kind}


def read(*lines):
    return importing.read(enumerate(lines, start=2), AGENTS)


def local(entry):
    return timezone.localtime(entry.starts_at).strftime("%d %H:%M"), timezone.localtime(
        entry.ends_at
    ).strftime("%d %H:%M")


@pytest.mark.parametrize(
    ("row", "span"),
    [
        (line(), ("04 09:00", "04 18:00")),
        (line(start="22:00", until="06:00"), ("04 22:00", "05 06:00")),
        (line(until="24:00"), ("04 09:00", "05 00:00")),
        (line(start="9:00", until="18：00"), ("04 09:00", "04 18:00")),
        (line(day=datetime(2026, 3, 4), start=time(9)), ("04 09:00", "04 18:00")),  # noqa: DTZ001 - as spreadsheets
        (line(until=datetime(1900, 1, 1, 18)), ("04 09:00", "04 18:00")),  # noqa: DTZ001 - give it
        (line(day=date(2026, 3, 4)), ("04 09:00", "04 18:00")),
        (line(day="2026年3月4日"), ("04 09:00", "04 18:00")),
        (line(agent="ＡＮＮＡ "), ("04 09:00", "04 18:00")),
        (line(start="", until="", kind="病假"), ("04 00:00", "05 00:00")),
    ],
)  # fmt: skip
def test_a_line_is_read_as_people_write_it(row, span):
    assert local(read(row)[0]) == span


def test_chinese_titles_are_known_and_the_kind_may_be_left_out():
    [entry] = read({"客服": "安娜", "日期": "2026/3/4", "开始": "09:00", "结束": "12:00"})
    assert (entry.agent, entry.reason) == (1, "")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (line(agent="carl"), "Line 2: there is no agent “carl” for whom you plan."),
        (line(agent="twins"), "Line 2: several agents are called “twins”: use the account's name."),
        (line(day="soon"), "Line 2: “soon” is no date; write 2026-10-01."),
        (line(day="2026-02-31"), "Line 2: “2026-02-31” is no date; write 2026-10-01."),
        (line(day="0001-01-01"), "Line 2: “0001-01-01” is no date; write 2026-10-01."),
        (line(day="9999-12-31"), "Line 2: “9999-12-31” is no date; write 2026-10-01."),
        (line(start="25:00"), "Line 2: “25:00” is no time of day; write 09:00."),
        (line(start=""), "Line 2: “” is no time of day; write 09:00."),
        (line(until="24:30"), "Line 2: “24:30” is no time of day; write 09:00."),
        (line(until="09:00"), "Line 2: the end must come after the beginning."),
        (line(kind="party"), "Line 2: “party” is no kind of duty or leave."),
        (line(agent="<script>"), "Line 2: there is no agent “<script>” for whom you plan."),
    ],
)
def test_each_mistake_is_named(row, problem):
    with translation.override("en"), pytest.raises(BadRoster) as caught:
        read(row)
    assert caught.value.faults == [problem]


def test_lines_that_overlap_are_named():
    with translation.override("en"), pytest.raises(BadRoster) as caught:
        read(line(), line(agent="bo"), line(start="17:00", until="20:00"))
    assert caught.value.faults == ["Line 4 overlaps line 2."]


@pytest.mark.parametrize("rows", [[], [line(agent="", day="", start="", until="")], [{"x": "y"}]])
def test_a_table_of_nothing_is_refused(rows):
    with pytest.raises(BadRoster):
        read(*rows)


@pytest.fixture
def agent():
    return AgentFactory(departments=[DepartmentFactory()], user__role="")


def entries(agent, *lines):
    return importing.read(enumerate(lines, start=2), {"anna": [agent.pk]})


def bring(rows, *, replace=False):
    return importing.bring(entries=rows, replace=replace, actor=None, at=START)


def test_lines_are_put_on_the_roster_once(agent):
    rows = entries(agent, line(), line(day="2026-03-05"), line(start="", until="", kind="vacation"))
    assert bring(rows) == importing.Brought(shifts=2, leave=1, known=0, replaced=0)
    assert bring(rows) == importing.Brought(shifts=0, leave=0, known=3, replaced=0)
    assert (Shift.objects.count(), Leave.objects.count()) == (2, 1)
    assert Event.objects.get(kind="roster.brought").data == {"lines": 3}


def test_what_overlaps_the_roster_is_refused_whole(agent):
    bring(entries(agent, line()))
    with translation.override("en"), pytest.raises(BadRoster) as caught:
        bring(entries(agent, line(day="2026-03-05"), line(start="17:00", until="20:00")))
    assert caught.value.faults == [
        "Line 3: overlaps what is planned from 2026-03-04 09:00 to 2026-03-04 18:00"
    ]
    assert Shift.objects.count() == 1


def test_a_changed_roster_replaces_the_days_in_it(agent):
    bring(entries(agent, line(), line(day="2026-03-05")))
    done = bring(entries(agent, line(start="12:00", until="21:00")), replace=True)
    assert (done.shifts, done.replaced) == (1, 1)
    hours = [timezone.localtime(one.starts_at).hour for one in Shift.objects.order_by("starts_at")]
    assert hours == [12, 9]


@pytest.mark.django_db(transaction=True)
def test_two_who_bring_the_same_at_once_do_no_harm(agent):
    rows = entries(agent, line(), line(day="2026-03-05"))
    results = at_once(lambda: bring(rows), lambda: bring(rows))
    assert refused(results) == []
    assert sorted(one.shifts for one in results) == [0, 2]
    assert Shift.objects.count() == 2
    assert Shift.objects.filter(ends_at__lte=START + timedelta(days=9)).exists()
