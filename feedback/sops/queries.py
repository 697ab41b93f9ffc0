"""The SOP in force: the latest published version of each policy, calendar and ladder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max, Value

from compensation.models import Tier
from feedback.models import (
    Calendar,
    CalendarVersion,
    Department,
    Ladder,
    LadderVersion,
    Milestone,
    PauseReason,
    PauseRule,
    PolicyVersion,
)
from feedback.sops import ladder, rules
from feedback.sops.calendar import WorkCalendar
from feedback.sops.ladder import Rung
from feedback.sops.rules import Choice, Facts, Rule


@dataclass(frozen=True, slots=True)
class Book:
    """All that is in force at a moment; calendars and ladders as version by their primary key."""

    rules: tuple[Rule, ...]
    calendars: Mapping[int, int]
    ladders: Mapping[int, int]


def book() -> Book:
    """Look up what is in force: one query, and the contents that this process has not seen yet."""
    latest: dict[str, dict[int, int]] = {"policy": {}, "calendar": {}, "ladder": {}}
    policies, calendars, ladders = (
        model.objects.values_list(what).annotate(latest=Max("id"), what=Value(what))
        for what, model in (
            ("policy", PolicyVersion),
            ("calendar", CalendarVersion),
            ("ladder", LadderVersion),
        )
    )
    for owner, version, what in policies.union(calendars, ladders, all=True):
        latest[what][owner] = version
    return Book(_rules(frozenset(latest["policy"].values())), latest["calendar"], latest["ladder"])


@lru_cache(maxsize=16)
def _rules(versions: frozenset[int]) -> tuple[Rule, ...]:
    """Read policies; a version never changes, so that what was read stays true."""
    rows = PolicyVersion.objects.filter(pk__in=versions)
    return rules.in_order(rules.read(row.pk, row.content) for row in rows)


@lru_cache(maxsize=256)
def calendar(version: int) -> WorkCalendar:
    """Read a calendar's version."""
    return WorkCalendar.from_json(CalendarVersion.objects.get(pk=version).content)


@lru_cache(maxsize=1024)
def rungs(version: int, work: timedelta) -> tuple[Rung, ...]:
    """Read a ladder's version, in the order in which its rungs fire on a target of `work`."""
    return ladder.in_order(ladder.read(LadderVersion.objects.get(pk=version).content), work)


def pause_rule(reason: PauseReason) -> PauseRule:
    """Give the rule for a reason; where nobody has made one, the resolution stands still without end."""
    rule = PauseRule.objects.filter(reason=reason).first()
    return rule or PauseRule(reason=reason, milestones=[Milestone.RESOLUTION], needs_review=False)


def explain(facts: Facts) -> dict[str, Choice]:
    """Tell which policy in force decides each milestone, and why."""
    return rules.explain(book().rules, facts)


def names() -> dict[str, dict[Any, str]]:
    """Say what the values of a policy's conditions and targets are called where they are data."""
    return {
        "calendar": {one.pk: str(one) for one in Calendar.objects.all()},
        "ladder": {one.pk: str(one) for one in Ladder.objects.all()},
        "tier": {tier.code: str(tier) for tier in Tier.objects.all()},
        "department": {one.code: str(one) for one in Department.objects.all()},
    }


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a calendar, with its open intervals as local times."""

    day: date
    shifts: tuple[tuple[datetime, datetime], ...]
    is_exception: bool

    @property
    def worked(self) -> timedelta:
        """How long it is open."""
        return sum((end - start for start, end in self.shifts), timedelta())


def preview_calendar(content: Mapping[str, Any], start: date, days: int) -> list[Day]:
    """Show the open hours of some days, cut at midnight, of a calendar that may not be saved yet.

    Raises:
        CalendarError: the calendar is not well formed.
    """
    work = WorkCalendar.from_json(content)
    zone = ZoneInfo(work.hours.zone)
    dated = {day for day, _shifts in work.hours.exceptions}

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=zone)

    shown = [start + timedelta(days=number) for number in range(days)]
    return [
        Day(
            day,
            tuple(
                (since.astimezone(zone), until.astimezone(zone))
                for since, until in work.intervals(midnight(day), midnight(day + timedelta(days=1)))
            ),
            day in dated,
        )
        for day in shown
    ]
