import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedback.sops.calendar import StillPaused, WorkCalendar
from feedback.sops.hours import DAYS, CalendarError

pytestmark = pytest.mark.req("F2")

OFFICE = [["09:00", "12:00"], ["13:00", "18:00"]]
WHOLE = [["00:00", "24:00"]]
WEEK = dict.fromkeys(DAYS[:5], OFFICE)
NATIONAL = {f"2026-10-0{day}": [] for day in range(1, 8)} | {"2026-10-10": OFFICE}
SHANGHAI = {"zone": "Asia/Shanghai", "hours": WEEK, "exceptions": NATIONAL}
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

# A zone and a moment near which its clocks change (Cairo at midnight, Apia by a whole day) or a year ends.
PLACES = [
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2025, 12, 31, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(2025, 12, 31, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2024, 10, 31, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
    ("UTC", datetime(2024, 12, 31, tzinfo=UTC)),
]


def calendar(**changes) -> WorkCalendar:
    return WorkCalendar.from_json(SHANGHAI | changes)


def every_day(shifts: list) -> dict:
    return dict.fromkeys(DAYS, shifts)


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


# --- the rule itself, minute by minute ---


def minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def shows_open(content: dict, moment: datetime) -> bool:
    """The definition: the local clock reads a time within a shift of its day, or of the night before."""
    local = moment.astimezone(ZoneInfo(content["zone"]))
    reads = local.hour * 60 + local.minute

    def shifts(day: date):
        listed = content["exceptions"].get(day.isoformat(), content["hours"].get(DAYS[day.weekday()], []))
        return [(minutes(start), minutes(end)) for start, end in listed]

    today, yesterday = shifts(local.date()), shifts(local.date() - timedelta(days=1))
    return any(start <= reads < (end if end > start else 1440) for start, end in today) or any(
        end < start and reads < end for start, end in yesterday
    )


def pieces(content: dict, start: datetime, end: datetime, pauses=()):
    """Stretches of at most a minute, in which nothing changes, that are open and not paused."""
    cuts = {start, end}
    for pause in pauses:
        cuts |= {edge for edge in pause if edge and start < edge < end}
    moment = start.replace(second=0, microsecond=0) + MINUTE
    while moment < end:
        cuts.add(moment)
        moment += MINUTE
    for begin, until in pairwise(sorted(cuts)):
        paused = any(a <= begin and (b is None or begin < b) for a, b in pauses)
        if not paused and shows_open(content, begin):
            yield begin, until


def slow_worked(content, start, end, pauses=()) -> timedelta:
    return sum((b - a for a, b in pieces(content, start, end, pauses)), timedelta())


def slow_due(content, start, work, pauses, horizon) -> datetime | None:
    for begin, until in pieces(content, start, horizon, pauses):
        if not work or work <= until - begin:
            return begin + work
        work -= until - begin
    return None


# --- strategies ---


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def days(draw):
    """A day's shifts; the last may run over midnight."""
    cuts = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    shifts = [[clock(start), clock(end)] for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    if len(cuts) % 2 and 600 < cuts[-1] < 1440:
        shifts.append([clock(cuts[-1]), clock(draw(st.integers(0, 400)))])
    return draw(st.permutations(shifts))


@st.composite
def cases(draw):
    """A calendar's content and a moment near a change of its zone's clocks."""
    zone, near = draw(st.sampled_from(PLACES))
    patterns = draw(st.lists(days(), min_size=1, max_size=2))
    hours = {day: draw(st.sampled_from([*patterns, []])) for day in DAYS}
    dates = st.integers(-3, 4).map(lambda offset: (near + timedelta(days=offset)).date().isoformat())
    exceptions = draw(st.dictionaries(dates, days(), max_size=2))
    content = {"zone": zone, "hours": hours, "exceptions": exceptions}
    try:
        WorkCalendar.from_json(content)
    except CalendarError:
        assume(False)
    return content, near


def moments(near: datetime):
    spread = timedelta(days=2)
    exact = st.timedeltas(-spread, spread)
    round_ = exact.map(lambda delta: timedelta(minutes=delta // MINUTE))
    return st.one_of(exact, round_).map(lambda delta: near + delta)


@st.composite
def questions(draw):
    content, near = draw(cases())
    edges = st.tuples(moments(near), moments(near)).map(lambda pair: tuple(sorted(pair)))
    pauses = draw(st.lists(edges, max_size=3))
    return content, draw(moments(near)), pauses


works = st.one_of(
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.integers(0, 3000).map(lambda count: timedelta(minutes=count)),
)


# --- properties ---


@settings(max_examples=100, deadline=None)
@given(questions(), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_worked_is_what_counting_minutes_gives(question, length):
    content, start, pauses = question
    end = start + length
    result = WorkCalendar.from_json(content).worked(start, end, pauses)
    assert result == slow_worked(content, start, end, pauses)


@settings(max_examples=100, deadline=None)
@given(questions(), works)
def test_due_is_where_counting_minutes_stops(question, work):
    content, start, pauses = question
    horizon = start + timedelta(days=8)
    expected = slow_due(content, start, work, pauses, horizon)
    try:
        result = WorkCalendar.from_json(content).due(start, work, pauses)
    except CalendarError:  # only exceptions are open, and for less than that
        assert expected is None
    else:
        assert result == expected if expected else result >= horizon


@settings(max_examples=200, deadline=None)
@given(questions(), works, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_due_undoes_worked(question, work, far):
    content, start, pauses = question
    assume(any(content["hours"].values()))
    subject = WorkCalendar.from_json(content)
    a_week = subject.worked(start + timedelta(days=100), start + timedelta(days=107))
    work = min(work + far / 4, 100 * a_week)
    due = subject.due(start, work, pauses)
    assert due >= start
    assert subject.worked(start, due, pauses) == work
    if work:  # the very last microsecond was working time: no earlier moment would do
        assert subject.worked(start, due - timedelta(microseconds=1), pauses) < work
    else:
        assert subject.is_open(due)
        assert not list(subject.intervals(start, due)) or pauses


@settings(max_examples=200, deadline=None)
@given(questions(), works, works)
def test_due_grows_with_the_work_and_goes_in_steps(question, first, second):
    content, start, pauses = question
    assume(any(content["hours"].values()))
    subject = WorkCalendar.from_json(content)
    a_week = subject.worked(start + timedelta(days=100), start + timedelta(days=107))
    first, second = min(first, 100 * a_week), min(second, 100 * a_week)
    halfway = subject.due(start, first, pauses)
    both = subject.due(start, first + second, pauses)
    assert both >= halfway
    assume(second)
    assert both == subject.due(halfway, second, pauses)


@settings(max_examples=200, deadline=None)
@given(questions(), st.lists(st.timedeltas(timedelta(0), timedelta(days=500)), min_size=2, max_size=4))
def test_worked_adds_up_over_any_split(question, lengths):
    content, start, pauses = question
    subject = WorkCalendar.from_json(content)
    cuts = sorted(start + length for length in lengths)
    parts = sum((subject.worked(a, b, pauses) for a, b in pairwise(cuts)), timedelta())
    assert parts == subject.worked(cuts[0], cuts[-1], pauses)


@settings(max_examples=100, deadline=None)
@given(questions(), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_intervals_are_the_open_moments(question, length):
    content, start, _ = question
    end = start + length
    subject = WorkCalendar.from_json(content)
    expected: list[tuple[datetime, datetime]] = []
    for begin, until in pieces(content, start, end):
        joins = expected and expected[-1][1] == begin
        expected.append((expected.pop()[0] if joins else begin, until))
    assert list(subject.intervals(start, end)) == expected
    assert subject.is_open(start) == shows_open(content, start)


@given(questions())
def test_json_goes_round(question):
    content, _, _ = question
    subject = WorkCalendar.from_json(content)
    assert WorkCalendar.from_json(subject.to_json()) == subject
    assert WorkCalendar.from_json(subject.to_json()).to_json() == subject.to_json()


# --- examples ---


@pytest.mark.parametrize(
    ("start", "work", "due"),
    [
        ("2026-03-04T10:00", 2 * HOUR, "2026-03-04T12:00"),  # runs out exactly at closing: due at closing
        ("2026-03-04T11:00", 2 * HOUR, "2026-03-04T14:00"),  # over lunch
        ("2026-03-04T17:45", HOUR / 2, "2026-03-05T09:15"),  # over night
        ("2026-03-06T17:45", HOUR / 2, "2026-03-09T09:15"),  # over a weekend
        ("2026-09-30T17:45", HOUR / 2, "2026-10-08T09:15"),  # over a week of holidays
        ("2026-10-09T17:45", HOUR / 2, "2026-10-10T09:15"),  # a Saturday made up for it
        ("2026-03-04T10:00", timedelta(0), "2026-03-04T10:00"),  # nothing to do while open: at once
        ("2026-03-04T12:00", timedelta(0), "2026-03-04T13:00"),  # closing time is closed
        ("2026-03-07T12:00", timedelta(0), "2026-03-09T09:00"),  # nothing to do while closed: next opening
        ("2026-03-07T12:00", timedelta(microseconds=1), "2026-03-09T09:00:00.000001"),
        ("2026-03-04T10:00:00.000001", 2 * HOUR, "2026-03-04T13:00:00.000001"),
    ],
)
def test_due_in_office_hours(start, work, due):
    assert calendar().due(china(start), work) == china(due)


def test_due_is_given_in_utc():
    due = calendar().due(china("2026-03-04T10:00"), HOUR)
    assert due.tzinfo is UTC
    assert due == datetime(2026, 3, 4, 3, tzinfo=UTC)


def test_a_year_of_work_passes_new_year():
    subject = calendar(exceptions={})
    week = 40 * HOUR
    assert subject.due(china("2026-01-05T09:00"), 52 * week) == china("2027-01-01T18:00")
    assert subject.worked(china("2026-01-05T00:00"), china("2029-01-01T00:00")) == 156 * week


def test_around_the_clock_every_second_counts():
    subject = WorkCalendar.from_json({"zone": "Europe/Berlin", "hours": every_day(WHOLE)})
    start = datetime(2026, 3, 28, 12, 0, 30, tzinfo=UTC)
    for work in (timedelta(seconds=30), timedelta(days=800)):
        assert subject.due(start, work) == start + work
        assert subject.worked(start, start + work) == work
    assert list(subject.intervals(start, start + timedelta(days=800))) == [
        (start, start + timedelta(days=800))
    ]


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-28", 4), ("2026-03-29", 3), ("2026-10-25", 5)],  # spring skips 2–3 o'clock, autumn repeats it
)
def test_daylight_saving_counts_real_time(day, hours):
    subject = WorkCalendar.from_json({"zone": "Europe/Berlin", "hours": every_day([["00:30", "04:30"]])})
    start = at(f"{day}T00:00", "Europe/Berlin")
    assert subject.worked(start, start + timedelta(days=1)) == hours * HOUR
    assert subject.due(start, hours * HOUR) == at(f"{day}T04:30", "Europe/Berlin")


def test_a_shift_inside_the_skipped_hour_does_not_happen():
    subject = WorkCalendar.from_json({"zone": "Europe/Berlin", "hours": every_day([["02:15", "02:45"]])})
    start = at("2026-03-29T00:00", "Europe/Berlin")
    assert subject.next_open(start) == at("2026-03-30T02:15", "Europe/Berlin")


def test_lord_howe_changes_by_half_an_hour():
    zone = "Australia/Lord_Howe"
    subject = WorkCalendar.from_json({"zone": zone, "hours": every_day([["01:00", "04:00"]])})
    for day, hours in (("2026-04-05", 3.5), ("2026-10-04", 2.5)):
        start = at(f"{day}T00:00", zone)
        assert subject.worked(start, start + timedelta(days=1)) == hours * HOUR


def test_a_night_shift_belongs_to_the_day_it_starts_on():
    subject = calendar(
        hours={"mon": [["22:00", "06:00"]], "tue": [["22:00", "06:00"]], "thu": [["20:00", "00:00"]]},
        exceptions={"2026-03-03": []},  # a Tuesday: Monday's night ends on it, its own does not start
    )
    assert list(subject.intervals(china("2026-03-02T00:00"), china("2026-03-08T00:00"))) == [
        (china("2026-03-02T22:00"), china("2026-03-03T06:00")),
        (china("2026-03-05T20:00"), china("2026-03-06T00:00")),
    ]
    assert subject.due(china("2026-03-02T23:00"), 8 * HOUR) == china("2026-03-05T21:00")


def test_pauses_stop_the_clock_in_any_order():
    subject = calendar()
    start = china("2026-03-04T10:00")
    pauses = [
        (china("2026-03-04T15:00"), china("2026-03-04T16:00")),
        (china("2026-03-04T10:30"), china("2026-03-04T11:00")),
        (china("2026-03-04T10:45"), china("2026-03-04T11:30")),  # overlaps
        (china("2026-03-04T12:15"), china("2026-03-04T12:45")),  # at lunch: costs nothing
        (china("2026-03-01T00:00"), china("2026-03-02T00:00")),  # over before the start
        (china("2026-03-04T13:00"), china("2026-03-04T13:00")),  # empty
    ]
    assert subject.due(start, 4 * HOUR, pauses) == china("2026-03-04T17:00")
    assert subject.worked(start, china("2026-03-04T17:00"), iter(pauses)) == 4 * HOUR


def test_work_that_runs_out_as_a_pause_begins_is_due_then():
    pause = (china("2026-03-04T11:00"), china("2026-03-04T17:00"))
    assert calendar().due(china("2026-03-04T10:00"), HOUR, [pause]) == pause[0]
    assert calendar().due(pause[0], timedelta(0), [pause]) == pause[1]


def test_no_work_at_all_is_not_due_while_paused():
    lunch_ends = china("2026-03-04T13:00")
    pause = (lunch_ends, lunch_ends + HOUR)
    assert calendar().due(china("2026-03-04T12:30"), timedelta(0), [pause]) == pause[1]
    assert calendar().due(china("2026-03-04T11:30"), HOUR / 2, [pause]) == china("2026-03-04T12:00")


def test_a_shift_is_open_from_its_start_up_to_its_end():
    moments = {
        "08:59:59.999999": False,
        "09:00": True,
        "11:59:59.999999": True,
        "12:00": False,
        "18:00": False,
    }
    for clock_time, expected in moments.items():
        assert calendar().is_open(china(f"2026-03-04T{clock_time}")) is expected


def test_threads_may_share_a_calendar():
    starts = [china("2026-03-04T10:00") + timedelta(days=n) for n in range(0, 20_000, 97)]
    expected = [calendar().due(start, 100 * HOUR) for start in starts]
    fresh = WorkCalendar(calendar().hours)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda start: fresh.due(start, 100 * HOUR), starts)) == expected


def test_a_pause_that_has_not_ended_has_no_due_date_behind_it():
    subject, start, pause = calendar(), china("2026-03-04T10:00"), (china("2026-03-04T11:00"), None)
    with pytest.raises(StillPaused):
        subject.due(start, HOUR * 2, [pause])
    assert subject.due(start, HOUR, [pause]) == china("2026-03-04T11:00")
    assert subject.worked(start, china("2026-04-04T10:00"), [pause]) == HOUR


def test_a_pause_must_not_end_before_it_begins():
    pause = (china("2026-03-04T11:00"), china("2026-03-04T10:00"))
    with pytest.raises(CalendarError):
        calendar().due(china("2026-03-04T10:00"), HOUR, [pause])


def test_dates_alone_open_finitely_often():
    subject = calendar(hours={}, exceptions={"2026-11-10": OFFICE, "2026-11-11": [["00:00", "24:00"]]})
    start = china("2026-03-04T10:00")
    assert subject.due(start, 32 * HOUR) == china("2026-11-12T00:00")
    for work in (32 * HOUR + timedelta(microseconds=1), timedelta(days=9000)):
        with pytest.raises(CalendarError, match="not open for long enough"):
            subject.due(start, work)
    with pytest.raises(CalendarError):
        subject.next_open(china("2030-01-01T00:00"))


def test_questions_without_an_answer_are_refused():
    subject, start = calendar(), china("2026-03-04T10:00")
    with pytest.raises(CalendarError):
        subject.due(start, -HOUR)
    with pytest.raises(CalendarError):
        subject.worked(start, start - HOUR)
    with pytest.raises(CalendarError, match="not open for long enough"):
        subject.due(start, timedelta.max)
    with pytest.raises(CalendarError, match="out of range"):
        subject.due(datetime(1, 1, 2, tzinfo=UTC), HOUR)
    with pytest.raises(TypeError):
        subject.due(datetime(2026, 3, 4), HOUR)  # noqa: DTZ001 — naive on purpose


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"zone": "Asia/Nowhere"}, "zone"),
        ({"zone": "../etc/passwd"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"zone": "Asia"}, "zone"),
        ({"zone": "a\0b"}, "zone"),
        ({"zone": None}, "zone"),
        ({"zone": 8}, "zone"),
        ({"zone": ["Asia/Shanghai"]}, "zone"),
        ({"colour": 1}, "colour"),
        ({"hours": None}, "hours"),
        ({"hours": {}, "exceptions": {}}, "hours"),
        ({"hours": {}, "exceptions": {"2026-10-01": []}}, "hours"),
        ({"hours": {"monday": []}}, "hours.monday"),
        ({"hours": {"mon": "09:00-18:00"}}, "hours.mon"),
        ({"hours": {"mon": [["09:00"]]}}, "hours.mon[0]"),
        ({"hours": {"mon": [OFFICE[0], "1300"]}}, "hours.mon[1]"),
        ({"hours": {"mon": [["9:00", "18:00"]]}}, "hours.mon[0][0]"),
        ({"hours": {"mon": [["09:00", "24:01"]]}}, "hours.mon[0][1]"),
        ({"hours": {"mon": [["09:00", "18:60"]]}}, "hours.mon[0][1]"),
        ({"hours": {"mon": [["09:00\n", "18:00"]]}}, "hours.mon[0][0]"),
        ({"hours": {"mon": [["٠٩:٠٠", "18:00"]]}}, "hours.mon[0][0]"),
        ({"hours": {"mon": [[9, 18]]}}, "hours.mon[0][0]"),
        ({"hours": {"mon": [["24:00", "06:00"]]}}, "hours.mon[0][0]"),
        ({"hours": {"mon": [["09:00", "09:00"]]}}, "hours.mon[0]"),
        ({"hours": {"mon": [["13:00", "18:00"], ["09:00", "13:01"]]}}, "hours.mon[0]"),
        ({"hours": {"mon": [["22:00", "06:00"], ["23:00", "24:00"]]}}, "hours.mon[1]"),
        ({"hours": {"sun": [["22:00", "06:00"]], "mon": [["05:59", "12:00"]]}}, "hours.mon[0]"),
        ({"exceptions": []}, "exceptions"),
        ({"exceptions": {"2026-02-29": []}}, "exceptions.2026-02-29"),
        ({"exceptions": {"20261001": []}}, "exceptions.20261001"),
        ({"exceptions": {"9999-12-31": []}}, "exceptions.9999-12-31"),
        ({"exceptions": {"2026-10-10": [["09:00"]]}}, "exceptions.2026-10-10[0]"),
        ({"exceptions": {"2026-10-10": None}}, "exceptions.2026-10-10"),
        ({"exceptions": {"2026-03-03": [["22:00", "10:00"]]}}, "exceptions.2026-03-03"),
        (
            {"hours": {"mon": [["22:00", "06:00"]]}, "exceptions": {"2026-03-03": [["05:00", "09:00"]]}},
            "exceptions.2026-03-03",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(changes, path):
    with pytest.raises(CalendarError) as refusal:
        calendar(**changes)
    assert str(refusal.value).startswith(f"{path}: ")
    assert refusal.value.details == {"path": path}


@pytest.mark.parametrize("content", [None, [], "text", {1: 2}, {"zone": {1}}, {("a", "b"): 1}])
def test_what_is_no_calendar_at_all_is_refused(content):
    with pytest.raises(CalendarError):
        WorkCalendar.from_json(content)


def test_touching_shifts_are_allowed_and_shown_as_one():
    subject = calendar(hours={"mon": [["12:00", "18:00"], ["09:00", "12:00"]]})
    day = china("2026-03-02T00:00")
    assert list(subject.intervals(day, day + timedelta(days=1))) == [(day + 9 * HOUR, day + 18 * HOUR)]
    assert subject.to_json()["hours"]["mon"] == [["09:00", "12:00"], ["12:00", "18:00"]]


def test_same_content_gives_the_same_object():
    shuffled = {key: SHANGHAI[key] for key in ("exceptions", "hours", "zone")}
    assert WorkCalendar.from_json(SHANGHAI) is WorkCalendar.from_json(shuffled)
    assert WorkCalendar.from_json(SHANGHAI) == WorkCalendar(WorkCalendar.from_json(SHANGHAI).hours)
    assert hash(pickle.loads(pickle.dumps(calendar()))) == hash(copy.deepcopy(calendar()))


def test_a_due_date_far_away_builds_only_the_years_it_crosses():
    subject = WorkCalendar(calendar().hours)
    subject.due(china("2026-03-04T10:00"), 2500 * HOUR)
    assert sorted(subject._years) == [2026, 2027]
