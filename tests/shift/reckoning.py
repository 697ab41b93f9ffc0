"""When every clock of the shift was due and which were late, reckoned second by second from the book alone.

Nothing of the product is imported here: hours are counted one by one, and what each happening does to a
clock is written down as the SOP says it.
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from tests.shift import book

START = datetime.combine(book.FROM, time(), tzinfo=book.CHINA)
REPLIES = ("first_reply", "next_reply")


def second(at: datetime) -> int:
    """A moment as seconds since the book begins."""
    return int((at - START).total_seconds())


def moment(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def open_seconds(name: str) -> array:
    """How many seconds were open before each second."""
    days, shifts = book.HOURS[name]
    counted, so_far, day = array("I", [0]), 0, book.FROM
    while day < book.UNTIL:
        works = day.weekday() in days
        if name != "always":
            works = (works and day not in book.HOLIDAYS) or day in book.MADE_UP
        flags = bytearray(86_400)
        for since, until in shifts if works else ():
            flags[since:until] = b"\1" * (until - since)
        for flag in flags:
            so_far += flag
            counted.append(so_far)
        day += timedelta(days=1)
    return counted


OPEN = {name: open_seconds(name) for name in book.HOURS}


@dataclass
class Clock:
    milestone: str
    started: int
    work: int
    calendar: str
    pauses: list[list] = field(default_factory=list)  # [from, until or None, reason]
    rejected: set[int] = field(default_factory=set)  # the beginnings of those that do not count
    ended: int | None = None
    frozen: bool = False

    def due(self) -> int | None:
        """The first second at which the work has passed; none while that is not known."""
        counted, left, at = OPEN[self.calendar], self.work, self.started
        for since, asked, reason in self.pauses:
            if since in self.rejected:
                continue
            until = self.capped(since, asked, reason)
            if since > at:
                run = counted[since] - counted[at]
                if run >= left:
                    break
                left -= run
            if until is None:
                return None
            at = max(at, until)
        place = bisect_left(counted, counted[at] + left)
        return place if place < len(counted) else None

    def capped(self, since: int, until: int | None, reason: str) -> int | None:
        """A pause's end: what was asked for, or the moment when all that is allowed was used up."""
        cap = book.PAUSES[reason][1]
        if cap is None:
            return until
        counted = OPEN[self.calendar]
        used = 0
        for other, end, why in self.pauses:
            if why == reason and other < since:
                used += counted[self.capped(other, end, why)] - counted[other]
        latest = since if used >= cap else bisect_left(counted, counted[since] + cap - used)
        return latest if until is None else min(until, latest)

    def stood_still(self, end: int) -> list[tuple[int, int | None, bool]]:
        """Each pause: from, until (none: it lasts), whether it counts; those cut to nothing never were."""
        found = []
        for since, asked, reason in self.pauses:
            until = self.capped(since, asked, reason)
            if until != since:
                over = until is not None and until <= end
                found.append((since, until if over else None, since not in self.rejected))
        return found

    def pause(self, at: int, reason: str) -> None:
        self.pauses.append([at, None, reason])

    def resume(self, at: int) -> None:
        if self.pauses and self.pauses[-1][1] is None:
            self.pauses[-1][1] = at

    def held_since(self, at: int) -> int | None:
        """The beginning of the pause that it stands still in."""
        since, until, reason = self.pauses[-1] if self.pauses else (0, 0, "")
        if until is not None:
            return None
        end = self.capped(since, until, reason)
        return since if end is None or end > at else None

    def late(self, at: int) -> bool:
        due = self.due()
        return due is not None and due < at

    def breached(self, end: int) -> int | None:
        """When it was due, if it was not met by then."""
        due = self.due()
        if due is None:
            return None
        return due if (due < self.ended if self.ended is not None else due <= end) else None


def target(milestone: str, facts: dict) -> tuple[int, str | None] | None:
    for _code, conditions, calendar, targets in book.POLICIES:
        if milestone in targets and all(facts[name] == value for name, value in conditions.items()):
            return targets[milestone], calendar
    return None


class Case:
    """One case's clocks, moved on by what happened to it."""

    def __init__(self, facts: dict, at: int) -> None:
        self.facts, self.clocks = dict(facts), []
        self.waits = ""
        for milestone in ("first_reply", "resolution", "periodic_update"):
            self.start(milestone, at)

    def start(self, milestone: str, at: int, department: str = "") -> None:
        if found := target(milestone, self.facts):
            work, calendar = found
            self.clocks.append(Clock(milestone, at, work, calendar or book.DEPARTMENTS[department]))

    def running(self, *milestones: str) -> list[Clock]:
        return [clock for clock in self.clocks if clock.ended is None and clock.milestone in milestones]

    def end(self, at: int, *milestones: str) -> bool:
        found = self.running(*milestones)
        for clock in found:
            clock.resume(at)
            clock.ended = at
        return bool(found)

    def heard_from_us(self, at: int) -> None:
        if self.end(at, "periodic_update"):
            self.start("periodic_update", at)

    def wait(self, at: int, reason: str) -> None:
        self.waits = reason
        for clock in self.running(*book.PAUSES[reason][0]):
            clock.pause(at, reason)

    def go_on(self, at: int) -> None:
        self.waits = ""
        for clock in self.clocks:
            if clock.ended is None:
                clock.resume(at)

    def happen(self, what: str, at: int, detail: str = "") -> None:
        getattr(self, f"_{what}")(at, detail)

    def _reply(self, at: int, then: str) -> None:
        self.end(at, *REPLIES)
        self.heard_from_us(at)
        if then == "wait":
            self.wait(at, "waiting_member")
        elif self.waits == "waiting_member":
            self.go_on(at)

    def _member(self, at: int, _detail: str) -> None:
        if self.waits in {"", "waiting_member"}:
            self.go_on(at)
        if not self.running(*REPLIES):
            self.start("next_reply", at)

    def _reopen(self, at: int, _detail: str) -> None:
        for milestone in ("next_reply", "resolution", "periodic_update"):
            self.start(milestone, at)

    def _wait(self, at: int, reason: str) -> None:
        self.wait(at, reason)

    def _go_on(self, at: int, _detail: str) -> None:
        self.go_on(at)

    def _ask_courier(self, at: int, _detail: str) -> None:
        self.start("courier_answer", at)

    def _courier(self, at: int, _detail: str) -> None:
        if self.waits == "waiting_courier":
            self.go_on(at)
        self.end(at, "courier_answer")

    def _promise_call(self, at: int, _detail: str) -> None:
        self.start("call_back", at)

    def _call(self, at: int, _detail: str) -> None:
        self.end(at, "call_back")
        self.heard_from_us(at)

    def _hand_over(self, at: int, department: str) -> None:
        self.start("handoff", at, department)

    def _answer(self, at: int, _detail: str) -> None:
        self.end(at, "handoff")

    def _transfer(self, at: int, _department: str) -> None:
        """The promise to the member stays."""

    def _priority(self, at: int, priority: str) -> None:
        self.facts["priority"] = int(priority)
        for clock in self.clocks:
            found = target(clock.milestone, self.facts)
            if clock.ended is not None or found is None or clock.milestone == "handoff":
                continue
            if not clock.late(clock.held_since(at) or at):
                clock.work, clock.calendar = found

    def _resolve(self, at: int, _detail: str) -> None:
        self.waits = ""
        for clock in self.clocks:
            if clock.ended is None:
                clock.resume(at)
                clock.ended = at
