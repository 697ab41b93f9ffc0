"""A clock's replay: why is this late, and who says so?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import READS, case_or_404, needs
from feedback.admin.board import SEES
from feedback.clocks import story
from feedback.clocks.queries import chip, replay
from feedback.clocks.replay import Kind, Mark, Replay, segments
from feedback.clocks.running import terms_of
from feedback.clocks.words import exact
from feedback.models import Agent, Clock, Department, Firing, PauseReason, Verdict
from feedback.sops import queries as sops
from feedback.sops import words as sop_words

SHRUNK = 4
"""Time that does not count is drawn this much narrower."""
NEAR = 2.0
"""Marks that are closer than this, in percent of the line, are drawn as one."""

MARKS: dict[str, tuple[str | Promise, str]] = {
    "clock.started": (gettext_lazy("the time began"), "plain"),
    "clock.paused": (gettext_lazy("paused"), "calm"),
    "clock.resumed": (gettext_lazy("went on"), "plain"),
    "clock.moved": (gettext_lazy("another department answers for it"), "plain"),
    "clock.pause_reviewed": (gettext_lazy("a supervisor looked at the pause"), "calm"),
    "clock.retargeted": (gettext_lazy("set anew"), "plain"),
    "due": (gettext_lazy("due"), "due"),
    "clock.breached": (gettext_lazy("late from here on"), "bad"),
    "clock.breach_withdrawn": (gettext_lazy("not late after all: what was done in time came to light"), "ok"),
    "clock.met": (gettext_lazy("met"), "ok"),
    "clock.stopped": (gettext_lazy("stopped: it no longer mattered"), "calm"),
}

READS_REVIEWS = "feedback.view_review"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the line: where it begins and how wide it is, in percent."""

    kind: str
    label: str
    start: datetime
    end: datetime
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened: `number` is how the line and the table name it."""

    number: int
    at: datetime
    text: str
    tone: str
    who: str
    detail: str


@dataclass(frozen=True, slots=True)
class Pin:
    """One or more steps on the line."""

    x: float
    first: int
    last: int
    tone: str
    title: str

    @property
    def label(self) -> str:
        """The numbers."""
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


class Line:
    """Time drawn from left to right: what counts in proportion, what does not narrower."""

    def __init__(self, told: Replay, at: datetime) -> None:
        """Lay the stretches out; what is left until the due time of a clock that runs comes last."""
        parts = [(str(part.kind), part.start, part.end) for part in told.segments]
        clock = told.clock
        if (
            clock.met_at is None
            and clock.stopped_at is None
            and clock.paused_at is None
            and at < clock.due_at
        ):
            parts += [
                ("left" if part.kind == Kind.WORKING else str(part.kind), part.start, part.end)
                for part in segments(terms_of(clock).calendar, told.end, clock.due_at, [])
            ]
        weights = [
            (end - start).total_seconds() / (SHRUNK if kind in {Kind.CLOSED, Kind.PAUSED} else 1)
            for kind, start, end in parts
        ]
        whole, x = sum(weights) or 1, 0.0
        self.blocks: list[Block] = []
        for (kind, start, end), weight in zip(parts, weights, strict=True):
            width = 100 * weight / whole
            label = _("still left") if kind == "left" else str(Kind(kind).label)
            self.blocks.append(Block(kind, label, start, end, x, width))
            x += width

    def x(self, at: datetime) -> float:
        """Where a moment is, in percent."""
        for block in self.blocks:
            if at <= block.end:
                length = (block.end - block.start).total_seconds() or 1
                share = max(0.0, (at - block.start).total_seconds()) / length
                return block.x + block.width * share
        return 100.0

    def pins(self, steps: list[Step]) -> list[Pin]:
        """The steps as they are drawn: what stands close together as one, in the colour of the gravest."""
        pins: list[Pin] = []
        for step in steps:
            x = self.x(step.at)
            title = f"{step.number} {step.text}"
            if pins and x - pins[-1].x < NEAR:
                last = pins[-1]
                tone = max(last.tone, step.tone, key=TONES.index)
                pins[-1] = Pin(last.x, last.first, step.number, tone, f"{last.title}; {title}")
            else:
                pins.append(Pin(x, step.number, step.number, step.tone, title))
        return pins


WHYS = {
    "priority": gettext_lazy("the priority changed"),
    "policy": gettext_lazy("the policy changed"),
    "facts": gettext_lazy("what the case is about was set right"),
}
"""Why a clock was set anew."""

TONES = ("plain", "calm", "warn", "due", "ok", "bad")


@require_GET
@needs(*READS, SEES, READS_REVIEWS)
def clock_replay(request: StaffRequest, clock_id: int) -> HttpResponse:
    """The replay of a clock that this person may see; to everybody else there is no such page.

    Of a case that means whoever sees the case, of a review whoever reads reviews.
    """
    related = (
        "case__member",
        "review__member",
        "department",
        "calendar_version__calendar",
        "policy_version__policy",
        "handoff__department",
    )
    clock = Clock.objects.select_related(*related).prefetch_related("pauses").filter(pk=clock_id).first()
    if clock is None:
        raise Http404
    _check(request.user, clock)
    at = timezone.now()
    told = replay(clock, now=at)
    steps = _steps(told, str(clock.about.member))
    line = Line(told, at)
    names = sops.names()
    context = {
        "case": clock.about,
        "clock": clock,
        "told": told,
        "chip": chip(clock, at),
        "line": line,
        "steps": steps,
        "pins": line.pins(steps),
        "sums": list(_sums(told)),
        "reasons": [
            (sop_words.name(verdict.rule), sop_words.reason(verdict, names), verdict.taken)
            for verdict in told.choice.verdicts
        ],
        "is_over": clock.met_at is not None or clock.stopped_at is not None,
        "signature": bytes(told.seal.signature).hex() if told.seal else "",
    }
    return page(request, "feedback/board/replay.html", context, at=at)


def _check(user: User, clock: Clock) -> None:
    """See to it that this person may see what a clock is about."""
    if clock.case_id is not None:
        if not any(user.has_perm(name) for name in (*READS, SEES)):
            raise PermissionDenied
        case_or_404(user, clock.case_id)
    elif not user.has_perm(READS_REVIEWS):
        raise PermissionDenied


def _sums(told: Replay) -> Iterator[tuple[str, str, str]]:
    """The sum to the second: what happened to all the time, and what that means for the target.

    Parts are cut to whole seconds so that they add up as they are written.
    """
    lasted, closed, paused = (
        timedelta(seconds=round(time.total_seconds())) for time in (told.lasted, told.closed, told.paused)
    )
    worked, target = lasted - closed - paused, told.clock.work
    yield "", _("from start to end") if told.clock.met_at else _("from start until now"), exact(lasted)
    yield "−", _("closed: outside the working hours of the calendar"), exact(closed)
    yield "−", _("paused: we could not go on"), exact(paused)
    yield "=", _("working time used"), exact(worked)
    allows = _("target: working time that the policy allows")
    if told.clock.facts.get("tested"):
        allows = _("target: working time that a variant under test allows")
    yield "−", allows, exact(target)
    yield (
        "=",
        _("more than the target") if worked > target else _("less than the target"),
        exact(worked - target),
    )


def _steps(told: Replay, member: str) -> list[Step]:
    """Everything that happened to the clock, rungs of the ladder included, in order."""
    people = {
        user.pk: str(user)
        for user in User.objects.filter(pk__in={pk for one in told.firings for pk in _told(one)})
    }
    departments = {one.pk: str(one) for one in Department.objects.all()}
    found: list[tuple[datetime, str, str, str, str]] = [
        (mark.at, *_named(mark), _actor(mark, member), _detail(mark, departments))
        for mark in told.marks
        if mark.kind in MARKS  # what rungs did is told from their firings
    ]
    given = {firing.outcome.get("agent", 0) for firing in told.firings}
    agents = Agent.objects.select_related("user").in_bulk(given)
    names = story.Names(people, {pk: str(agent) for pk, agent in agents.items()}, departments)
    for firing in told.firings:
        text = story.sentence(
            firing.action,
            told.clock.milestone,
            firing.outcome,
            names,
            due_at=firing.due_at,
            at=firing.fired_at,
        )
        tone = "warn" if firing.due_at < told.clock.due_at else "bad"
        found.append((firing.fired_at, text, tone, str(story.LADDER), ""))
    found.sort(key=lambda one: one[0])
    return [Step(number, *one) for number, one in enumerate(found, 1)]


def _named(mark: Mark) -> tuple[str, str]:
    text, tone = MARKS[mark.kind]
    if mark.kind == "clock.met" and mark.event and mark.event.data.get("late"):
        return _("met, but late"), "bad"
    return str(text), tone


def _actor(mark: Mark, member: str) -> str:
    if mark.event is None:
        return ""
    if mark.event.actor.startswith("member:"):
        return member
    return mark.actor or _("System")


def _detail(mark: Mark, departments: dict[int, str]) -> str:
    data = mark.event.data if mark.event else {}
    if mark.kind == "clock.paused":
        return str(PauseReason(data["reason"]).label)
    if mark.kind == "clock.resumed" and data.get("capped"):
        return _("the pause had lasted as long as it may")
    if mark.kind == "clock.retargeted":
        return str(WHYS.get(data.get("why", ""), WHYS["priority"]))
    if mark.kind == "clock.pause_reviewed":
        return str(Verdict(data["verdict"]).label)
    if mark.kind == "clock.moved":
        return f"{departments.get(data['from'], '—')} → {departments.get(data['to'], '—')}"
    return ""


def _told(firing: Firing) -> list[int]:
    told: list[int] = firing.outcome.get("told", [])
    return told
