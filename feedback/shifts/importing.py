"""A roster from a table: all of its lines or none, with each mistake named by its line."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.common import bulk
from config.common.errors import Invalid
from config.common.events import Happening, record_all
from config.common.models import User
from feedback.models import Agent, Leave, LeaveReason, Shift
from feedback.shifts.rules import LONGEST_LEAVE

FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)
MOST_LINES = 5_000
DAY = timedelta(days=1)
SHOWN_FAULTS = 50
COLUMNS: dict[str, tuple[str, ...]] = {
    "agent": ("agent", "客服", "账号", "account"),
    "date": ("date", "日期"),
    "from": ("from", "开始", "上班"),
    "until": ("until", "结束", "to", "下班"),
    "kind": ("kind", "类型", "班次"),
}
"""What a column may be called, in English and Chinese first; without `kind` every line is a shift."""

KINDS: dict[str, str] = {
    "": "", "shift": "", "班": "", "上班": "", "值班": "",
    "leave": LeaveReason.VACATION, "vacation": LeaveReason.VACATION, "请假": LeaveReason.VACATION,
    "休假": LeaveReason.VACATION, "年假": LeaveReason.VACATION, "sick": LeaveReason.SICK,
    "病假": LeaveReason.SICK, "training": LeaveReason.TRAINING, "培训": LeaveReason.TRAINING,
    "other": LeaveReason.OTHER, "事假": LeaveReason.OTHER, "其他": LeaveReason.OTHER,
}  # fmt: skip
"""What a kind stands for: a reason for leave, or a shift."""

_CLOCK = re.compile(r"([01]?\d|2[0-4])[:：]?([0-5]\d)(?::00)?")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00:00)?")


class BadRoster(Invalid):
    """A table that is not taken, with what is wrong in each line in `faults`."""

    code = "bad_roster"

    def __init__(self, message: "str | Promise", faults: Collection[str] = ()) -> None:
        """Keep the faults for the page."""
        super().__init__(message)
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an agent's shift, or their leave with its reason."""

    line: int
    agent: int
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import did."""

    shifts: int
    leave: int
    known: int
    replaced: int


@dataclass(slots=True)
class _Reading:
    faults: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def read(rows: Iterable[tuple[int, Mapping[str, Any]]], agents: Mapping[str, list[int]]) -> list[Entry]:
    """Read numbered lines; `agents` are those whom one may plan for, by account and by name.

    Raises:
        BadRoster: with every line that is wrong.
    """
    reading = _Reading()
    columns: dict[str, str] | None = None
    for count, (number, row) in enumerate(rows):
        if columns is None:
            columns = _columns(row)
        if count >= MOST_LINES:
            raise BadRoster(_("A roster has %(most)s lines at most.") % {"most": MOST_LINES})
        cells = {name: row.get(column) for name, column in columns.items()}
        if not any(_text(cell) for cell in cells.values()):
            continue
        try:
            reading.entries.append(_entry(number, cells, agents))
        except Invalid as error:
            reading.faults.append(_("Line %(line)s: %(problem)s") % {"line": number, "problem": error})
    reading.faults += _overlaps(reading.entries)
    if reading.faults:
        raise BadRoster(_("Nothing was taken: some lines are wrong."), reading.faults[:SHOWN_FAULTS])
    if not reading.entries:
        raise BadRoster(_("There is nothing in this table."))
    return reading.entries


@transaction.atomic
def bring(*, entries: Collection[Entry], replace: bool, actor: User | None, at: datetime) -> Brought:
    """Put lines on the roster; what is there already stays as it is.

    With `replace`, the other shifts of the same agents that begin on the same days are taken off first.

    Raises:
        BadRoster: a line overlaps what is on the roster; nothing is changed then.
    """
    agents = {entry.agent for entry in entries}
    list(Agent.objects.filter(pk__in=agents).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    replaced = _take_off(entries) if replace else 0
    there = _there(agents, entries)
    new = [
        entry for entry in entries if (entry.agent, entry.starts_at, entry.ends_at, entry.reason) not in there
    ]
    faults = [
        _("Line %(line)s: overlaps what is planned from %(from)s to %(until)s")
        % {"line": entry.line, "from": _said(start), "until": _said(end)}
        for entry in new
        for agent, start, end, reason in there
        if agent == entry.agent and bool(reason) == bool(entry.reason)
        and start < entry.ends_at and entry.starts_at < end
    ]  # fmt: skip
    if faults:
        raise BadRoster(_("Nothing was taken: some lines are wrong."), faults[:SHOWN_FAULTS])
    shifts = [_row(Shift, entry, actor) for entry in new if not entry.reason]
    leave = [_row(Leave, entry, actor, reason=entry.reason) for entry in new if entry.reason]
    try:
        with transaction.atomic():
            bulk.insert(Shift, shifts)
            bulk.insert(Leave, leave)
    except IntegrityError as error:  # somebody else was planning at the same moment
        raise BadRoster(_("The roster has changed meanwhile. Try again.")) from error
    counted: dict[int, int] = defaultdict(int)
    for entry in new:
        counted[entry.agent] += 1
    record_all(
        Happening("roster.brought", Agent(pk=agent), at, actor, {"lines": number})
        for agent, number in sorted(counted.items())
    )
    return Brought(len(shifts), len(leave), len(entries) - len(new), replaced)


def _take_off(entries: Collection[Entry]) -> int:
    """Remove the shifts that begin on a day of the file, but not those that stand in it."""
    days = {(entry.agent, _day(entry.starts_at)) for entry in entries if not entry.reason}
    kept = {(entry.agent, entry.starts_at, entry.ends_at) for entry in entries}
    found = Shift.objects.filter(
        agent__in={agent for agent, _day_ in days},
        starts_at__gte=min(entry.starts_at for entry in entries) - DAY,
        starts_at__lt=max(entry.ends_at for entry in entries) + DAY,
    )
    gone = [
        shift.pk
        for shift in found
        if (shift.agent_id, _day(shift.starts_at)) in days
        and (shift.agent_id, shift.starts_at, shift.ends_at) not in kept
    ]
    Shift.objects.filter(pk__in=gone).delete()
    return len(gone)


def _there(agents: Collection[int], entries: Collection[Entry]) -> set[tuple[int, datetime, datetime, str]]:
    start, end = min(one.starts_at for one in entries), max(one.ends_at for one in entries)
    within = {"agent__in": agents, "starts_at__lt": end, "ends_at__gt": start}
    shifts = Shift.objects.filter(**within).values_list("agent", "starts_at", "ends_at")
    leave = Leave.objects.filter(**within).values_list("agent", "starts_at", "ends_at", "reason")
    return {*((agent, since, until, "") for agent, since, until in shifts), *leave}


def _row(model: Any, entry: Entry, actor: User | None, **more: Any) -> Any:
    return model(
        agent_id=entry.agent, starts_at=entry.starts_at, ends_at=entry.ends_at, planned_by=actor, **more
    )


def _columns(row: Mapping[str, Any]) -> dict[str, str]:
    """Which column of the file is which.

    Raises:
        BadRoster: one is missing.
    """
    given = {_plain(name): name for name in row}
    found = {}
    for name, titles in COLUMNS.items():
        title = next((title for title in titles if title in given), None)
        if title is not None:
            found[name] = given[title]
        elif name != "kind":
            raise BadRoster(
                _("There is no column for %(name)s; it may be called %(titles)s.")
                % {"name": _TITLES[name], "titles": _(", ").join(titles)}
            )
    return found


_TITLES = {
    "agent": gettext_lazy("agent"),
    "date": gettext_lazy("date"),
    "from": gettext_lazy("from"),
    "until": gettext_lazy("until"),
}


def _entry(line: int, cells: Mapping[str, Any], agents: Mapping[str, list[int]]) -> Entry:
    who = _text(cells["agent"])
    known = agents.get(_plain(who), [])
    if not known:
        raise Invalid(_("there is no agent “%(who)s” for whom you plan.") % {"who": who})
    if len(known) > 1:
        raise Invalid(_("several agents are called “%(who)s”: use the account's name.") % {"who": who})
    kind = KINDS.get(_plain(_text(cells.get("kind"))))
    if kind is None:
        raise Invalid(_("“%(kind)s” is no kind of duty or leave.") % {"kind": _text(cells.get("kind"))})
    day = _date(cells["date"])
    start, end = (
        _clock(cells["from"], "00:00" if kind else ""),
        _clock(cells["until"], "24:00" if kind else ""),
    )
    if end < start:  # over midnight
        end += DAY
    midnight = datetime.combine(day, time())
    begin, until = (timezone.make_aware(midnight + one) for one in (start, end))
    if not begin < until <= begin + LONGEST_LEAVE:
        raise Invalid(_("the end must come after the beginning."))
    return Entry(line, known[0], begin, until, kind)


def _date(cell: Any) -> date:
    day = _day_in(cell)
    if day is not None and FIRST <= day <= LAST:
        return day
    raise Invalid(_("“%(text)s” is no date; write 2026-10-01.") % {"text": _text(cell)})


def _day_in(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    match = _DATE.fullmatch(_text(cell))
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:  # such as the 31st of February
        return None


def _clock(cell: Any, empty: str) -> timedelta:
    if isinstance(cell, datetime | time):
        return timedelta(hours=cell.hour, minutes=cell.minute)
    match = _CLOCK.fullmatch(_text(cell) or empty)
    hours, minutes = map(int, match.groups()) if match else (0, 0)
    moment = timedelta(hours=hours, minutes=minutes)
    if match is None or moment > DAY:
        raise Invalid(_("“%(text)s” is no time of day; write 09:00.") % {"text": _text(cell)})
    return moment


def _overlaps(entries: Collection[Entry]) -> list[str]:
    faults = []
    ordered = sorted(entries, key=lambda entry: (entry.agent, bool(entry.reason), entry.starts_at))
    for one, other in pairwise(ordered):
        same = one.agent == other.agent and bool(one.reason) == bool(other.reason)
        if same and other.starts_at < one.ends_at:
            faults.append(
                _("Line %(line)s overlaps line %(other)s.") % {"line": other.line, "other": one.line}
            )
    return faults


def _text(cell: Any) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", str(text)).strip().casefold()


def _day(at: datetime) -> date:
    return timezone.localtime(at).date()


def _said(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
