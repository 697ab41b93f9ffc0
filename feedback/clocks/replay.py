"""A clock's whole life: every second of it accounted for, each with who did it and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from config.common.models import Event, Seal, User
from feedback.clocks.running import terms_of
from feedback.clocks.states import State, state_of
from feedback.models import Clock, Firing, Pause, PolicyVersion, Verdict
from feedback.sops import rules
from feedback.sops.calendar import WorkCalendar
from feedback.sops.rules import Choice, Facts

Span = tuple[datetime, datetime]


class Kind(TextChoices):
    """What a stretch of time was for a clock."""

    WORKING = "working", _("working time")
    CLOSED = "closed", _("outside working hours")
    PAUSED = "paused", _("paused")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clock's life."""

    start: datetime
    end: datetime
    kind: Kind
    pause: Pause | None = None

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a clock's life. The due time has no event of its own."""

    at: datetime
    kind: str
    event: Event | None = None
    actor: str = ""
    """The name of who did it; empty for the system and for members."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A clock's life until its end, or until now."""

    clock: Clock
    state: State
    end: datetime
    segments: tuple[Segment, ...]
    marks: tuple[Mark, ...]
    firings: tuple[Firing, ...]
    choice: Choice
    """Why this policy: it is the last verdict, those before it were passed over."""
    seal: Seal | None
    """The seal that covers the last event, and so all before it."""

    def total(self, kind: Kind | None = None) -> timedelta:
        """Sum the time of a kind, or all of it: the kinds add up to the whole."""
        return sum((part.length for part in self.segments if kind in {None, part.kind}), timedelta())

    @property
    def working(self) -> timedelta:
        """The time that counts."""
        return self.total(Kind.WORKING)

    @property
    def closed(self) -> timedelta:
        """The time outside working hours."""
        return self.total(Kind.CLOSED)

    @property
    def paused(self) -> timedelta:
        """The time that it stood still."""
        return self.total(Kind.PAUSED)

    @property
    def lasted(self) -> timedelta:
        """From start to end."""
        return self.end - self.clock.started_at

    @property
    def late(self) -> timedelta:
        """How long after its due time it ended, or has been running; by the wall's clock."""
        if self.state in {State.BREACHED, State.MET_LATE} or self.clock.breached_at is not None:
            return max(self.end - self.clock.due_at, timedelta())
        return timedelta()


def replay(clock: Clock, *, now: datetime) -> Replay:
    """Tell a clock's life, in a fixed number of queries."""
    end = max(clock.met_at or clock.stopped_at or now, clock.started_at)
    pauses = [pause for pause in clock.pauses.all() if pause.verdict != Verdict.REJECTED]
    events = list(
        Event.objects.filter(subject_type=clock.about._meta.model_name, subject_id=clock.about.pk)
        .filter(Q(data__clock=clock.pk) | Q(kind="clock.moved", data__clocks__contains=[clock.pk]))
        .order_by("at", "id")
    )
    last = max((event.txid for event in events), default=None)
    seal = Seal.objects.filter(from_txid__lte=last, upto_txid__gt=last).first() if last else None
    return Replay(
        clock=clock,
        state=state_of(clock, now),
        end=end,
        segments=tuple(segments(terms_of(clock).calendar, clock.started_at, end, pauses)),
        marks=tuple(_marks(clock, events)),
        firings=tuple(clock.firings.order_by("rung")),
        choice=_choice(clock),
        seal=seal,
    )


def segments(
    calendar: WorkCalendar, start: datetime, end: datetime, pauses: list[Pause]
) -> Iterator[Segment]:
    """Cut a clock's life into stretches that follow each other without a gap; a pause outweighs the rest.

    One that lasts is over once it has lasted as long as it may, whether anybody has looked since or not.
    """
    at = start
    for pause in sorted(pauses, key=lambda pause: pause.from_at):
        since, until = max(pause.from_at, at), min(pause.to_at or pause.ends_by or end, end)
        if since < until:
            yield from _hours(calendar, at, since)
            yield Segment(since, until, Kind.PAUSED, pause)
            at = until
    yield from _hours(calendar, at, end)


def _hours(calendar: WorkCalendar, start: datetime, end: datetime) -> Iterator[Segment]:
    """Cut a stretch without pauses by the working hours."""
    if start >= end:
        return
    spans = list(calendar.intervals(start, end))
    edges = [start, *(edge for span in spans for edge in span), end]
    opens = {since for since, _until in spans}
    for since, until in pairwise(edges):
        if since < until:
            yield Segment(since, until, Kind.WORKING if since in opens else Kind.CLOSED)


def _marks(clock: Clock, events: list[Event]) -> list[Mark]:
    users = {int(event.actor.partition(":")[2]) for event in events if event.actor.startswith("user:")}
    names = {f"user:{user.pk}": str(user) for user in User.objects.filter(pk__in=users)} if users else {}
    marks = [Mark(event.at, event.kind, event, names.get(event.actor, "")) for event in events]
    if clock.paused_at is None or clock.breached_at is not None:  # nobody knows when a paused one is due
        marks.append(Mark(clock.due_at, "due"))
    order = {"clock.started": 0, "due": 1}
    return sorted(marks, key=lambda mark: (mark.at, order.get(mark.kind, 2)))


def _choice(clock: Clock) -> Choice:
    """Judge again, by the versions that were in force, why the policy was chosen.

    Where it is not on record by which facts, the policy is all there is to say.
    """
    if not clock.facts:
        version = clock.policy_version
        return Choice(
            clock.milestone, (rules.Verdict(rules.read(version.pk, version.content), (), has_target=True),)
        )
    ids = [*clock.facts.get("passed_over", ()), clock.policy_version_id]
    facts = Facts.from_json(clock.facts)
    versions = {row.pk: rules.read(row.pk, row.content) for row in PolicyVersion.objects.filter(pk__in=ids)}
    return Choice(clock.milestone, tuple(rules.judge(versions[pk], facts, clock.milestone) for pk in ids))
