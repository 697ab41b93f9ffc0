"""Other policies on the cases of the last days: how many clocks would have been late, by department.

The past is taken as it was: when each clock began and ended, when it stood still, by which facts its policy
was chosen. Only the policies are others. What nobody timed then has no beginning on record, and cannot be
tried; clocks that the policies would not time are told apart. A simulation goes on slice by slice, so that
whoever waits for it sees how far it is, and one that is left alone can be taken up again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound
from config.common.models import User
from feedback.models import (
    Calendar,
    CalendarVersion,
    Case,
    Clock,
    Department,
    Pause,
    Simulation,
    Verdict,
)
from feedback.sops import queries, rules
from feedback.sops.calendar import WorkCalendar
from feedback.sops.past import Life, Outcome, as_of, judge
from feedback.sops.rules import Facts, Rule, Target

DAYS = 90
"""How far back one can look."""
SLICE = 4_000
"""Cases a slice: about half a second."""
EXAMPLES = 10
FIELDS = (
    "case_id", "milestone", "department_id", "policy_version_id", "calendar_version_id", "facts",
    "started_at", "due_at", "paused_at", "met_at", "stopped_at", "breached_at", "pk", "case__category",
    "case__language", "case__kind", "case__channel", "case__priority", "case__member__tier__code",
)  # fmt: skip


@transaction.atomic
def ask(*, policies: Sequence[Rule], days: int, actor: User, at: datetime) -> Simulation:
    """Begin to try some policies on the cases that were opened in the last days.

    Raises:
        Invalid: not between one day and DAYS.
    """
    if not 1 <= days <= DAYS:
        raise Invalid(_("Choose between one and %(days)s days.") % {"days": DAYS})
    since = at - timedelta(days=days)
    return Simulation.objects.create(
        asked_by=actor,
        asked_at=at,
        since=since,
        policies=[{"version": rule.version, **rules.content(rule)} for rule in policies],
        cases=_opened(since, at).count(),
        result={"rows": [], "examples": {"worse": [], "better": []}, "other_version": 0},
    )


@transaction.atomic
def go_on(*, simulation_id: int, at: datetime, cases: int = SLICE) -> Simulation:
    """Go through the next slice of cases; a finished simulation, or one that somebody else is at, stays.

    Raises:
        NotFound: there is no such simulation.
    """
    row = Simulation.objects.select_for_update(skip_locked=True).filter(pk=simulation_id).first()
    if row is None:
        found = Simulation.objects.filter(pk=simulation_id).first()
        if found is None:
            raise NotFound
        return found
    if row.finished_at is not None:
        return row
    opened = _opened(row.since, row.asked_at).filter(pk__gt=row.last_case).order_by("pk")
    ids = list(opened.values_list("pk", flat=True)[:cases])
    tally = Tally.read(row.result)
    trial = Trial([rules.read(one["version"], one) for one in row.policies], row.asked_at)
    for clock, life in _clocks(ids, row.asked_at):
        row.clocks += 1
        tally.add(
            clock, trial.recorded(clock, life), trial.tried(clock, life), is_other=trial.is_other(clock)
        )
    row.result = tally.write()
    row.cases_done += len(ids)
    row.last_case = ids[-1] if ids else row.last_case
    if len(ids) < cases:
        row.cases_done, row.finished_at = row.cases, at
    row.save()
    return row


def _opened(since: datetime, until: datetime) -> Any:
    """The cases that were opened in a time; reads case_department_opened."""
    departments = list(Department.objects.values_list("pk", flat=True))
    return Case.objects.filter(department__in=departments, opened_at__gte=since, opened_at__lt=until)


def _clocks(cases: Sequence[int], at: datetime) -> Iterable[tuple["Recorded", Life]]:
    """The clocks of some cases that had begun by a moment, each with its life until then."""
    pauses: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    held = Pause.objects.filter(clock__case__in=cases).exclude(verdict=Verdict.REJECTED).order_by("from_at")
    for pk, begin, end, ends_by in held.values_list("clock", "from_at", "to_at", "ends_by"):
        pauses[pk].append((begin, end or ends_by))
    rows = Clock.objects.filter(case__in=cases, started_at__lte=at)
    for values in rows.values_list(*FIELDS).iterator(chunk_size=5_000):
        clock = Recorded(*values)
        life = Life(clock.started_at, clock.met_at, clock.stopped_at, pauses.get(clock.pk, ()))
        yield clock, as_of(life, at)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A clock as it is on record."""

    case: int
    milestone: str
    department: int
    policy_version: int
    calendar_version: int
    facts: Mapping[str, Any]
    started_at: datetime
    due_at: datetime
    paused_at: datetime | None
    met_at: datetime | None
    stopped_at: datetime | None
    breached_at: datetime | None
    pk: int
    category: str
    language: str
    kind: str
    channel: str
    priority: int
    tier: str


OF_CASE = ("kind", "channel", "priority", "tier", "category", "language")
"""What the case itself says, as it is now."""


class Trial:
    """Some policies, with what is in force beside them, held against clocks."""

    def __init__(self, policies: Iterable[Rule], at: datetime) -> None:
        self.rules, self.at = rules.in_order(policies), at
        self._choices: dict[tuple[Facts, str], tuple[int, Target] | None] = {}
        self._departments = {
            pk: (code, calendar)
            for pk, code, calendar in Department.objects.values_list("pk", "code", "calendar_id")
        }
        self._by_code = dict(self._departments.values())
        self._calendar_of = dict(CalendarVersion.objects.values_list("pk", "calendar_id"))
        self._in_force = queries.book().calendars

    def recorded(self, clock: Recorded, life: Life) -> Outcome:
        """What became of it, seen from the moment of the trial; the sweep may be a little behind."""
        late = clock.breached_at is not None and clock.breached_at <= self.at
        runs = life.met_at is None and life.stopped_at is None
        if late or (runs and clock.paused_at is None and clock.due_at <= self.at):
            return Outcome.BREACHED
        if life.met_at is not None:
            return Outcome.MET
        return Outcome.STOPPED if life.stopped_at is not None else Outcome.OPEN

    def tried(self, clock: Recorded, life: Life) -> Outcome:
        """What would have become of it."""
        choice = self._choose(self.facts(clock), clock.milestone)
        if choice is None:
            return Outcome.UNTIMED
        return judge(life, self._calendar(choice[1], clock), choice[1].within, self.at)

    def is_other(self, clock: Recorded) -> bool:
        """Whether another version of a policy, or another policy, would have decided."""
        choice = self._choose(self.facts(clock), clock.milestone)
        return choice is None or choice[0] != clock.policy_version

    def facts(self, clock: Recorded) -> Facts:
        """What its policy was chosen by; what it does not say, its case and department do."""
        known = {
            **{name: getattr(clock, name) for name in OF_CASE},
            "department": self._departments[clock.department][0],
            **clock.facts,
        }
        return Facts.from_json(known)

    def _choose(self, facts: Facts, milestone: str) -> tuple[int, Target] | None:
        key = (facts, milestone)
        if key not in self._choices:
            choice = rules.choose(self.rules, facts, milestone)
            found = choice.rule, choice.target
            self._choices[key] = (found[0].version, found[1]) if found[0] and found[1] else None
        return self._choices[key]

    def _calendar(self, target: Target, clock: Recorded) -> WorkCalendar:
        """The calendar of the target, or of the department that it began in; as it was, if it was that."""
        code = clock.facts.get("department") or self._departments[clock.department][0]
        calendar = target.calendar or self._by_code.get(code, self._departments[clock.department][1])
        if self._calendar_of.get(clock.calendar_version) == calendar:
            return queries.calendar(clock.calendar_version)
        if version := self._in_force.get(calendar):
            return queries.calendar(version)
        return self._unpublished[calendar]

    @cached_property
    def _unpublished(self) -> dict[int, WorkCalendar]:
        rows = Calendar.objects.exclude(pk__in=self._in_force)
        return {row.pk: WorkCalendar.from_json(row.content) for row in rows}


COLUMNS = ("clocks", "met", "breached", "met_then", "breached_then", "worse", "better", "untimed")


class Tally:
    """What a simulation has counted so far, by department and milestone."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
        self.examples: dict[str, list[list[int]]] = {"worse": [], "better": []}
        self.other_version = 0

    def add(self, clock: Recorded, was: Outcome, then: Outcome, *, is_other: bool) -> None:
        """Count a clock: what became of it, and what would have."""
        row = self.rows[clock.department, clock.milestone]
        row["clocks"] += 1
        self.other_version += is_other
        for outcome, name in ((was, ""), (then, "_then")):
            if outcome in {Outcome.MET, Outcome.BREACHED}:
                row[f"{outcome}{name}"] += 1
        row["untimed"] += then == Outcome.UNTIMED
        change = ""
        if then == Outcome.BREACHED != was:
            change = "worse"
        elif was == Outcome.BREACHED != then:
            change = "better"
        if change:
            row[change] += 1
            if len(self.examples[change]) < EXAMPLES:
                self.examples[change].append([clock.case, clock.pk])

    @staticmethod
    def read(data: Mapping[str, Any]) -> "Tally":
        """Go on from what was counted before."""
        tally = Tally()
        for department, milestone, *numbers in data["rows"]:
            tally.rows[department, milestone] = Counter(dict(zip(COLUMNS, numbers, strict=True)))
        tally.examples = {name: list(data["examples"][name]) for name in ("worse", "better")}
        tally.other_version = data["other_version"]
        return tally

    def write(self) -> dict[str, Any]:
        """Give it as a simulation keeps it."""
        return {
            "rows": [[*key, *(row[name] for name in COLUMNS)] for key, row in sorted(self.rows.items())],
            "examples": self.examples,
            "other_version": self.other_version,
        }
