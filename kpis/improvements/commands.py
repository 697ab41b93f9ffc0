"""Improvements: proposed, accepted, begun, carried out, checked, closed, dropped, reopened."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotPermitted
from config.common.events import record
from config.common.models import User
from feedback.models import Aspect, Department, SpotBy
from kpis.deadlines.given import coming_day, day_of, text_of
from kpis.improvements import deadline, measuring
from kpis.improvements.held import ADD, check_department, check_move, held, may_own, open_one
from kpis.improvements.seeing import sees_figure
from kpis.metrics.catalogue import METRICS
from kpis.models import (
    Dimension,
    FigureAlert,
    Improvement,
    ImprovementCheck,
    ImprovementKind,
    ImprovementStatus,
    MetricCode,
    Verdict,
)
from kpis.models.improvement import NAMED, WORDS
from kpis.models.metric import KEY
from surveys.models import Need

S = ImprovementStatus
LEAST, MOST = Decimal("0.001"), 10**8


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Which figure is to become better, of what, by how much in its unit, and what it is compared with."""

    metric: str
    expected: Decimal | None
    dimension: str = ""
    key: str = ""
    control_key: str = ""
    window: int = 28


@dataclass(frozen=True, slots=True)
class Spot:
    """The hot spot that an improvement is about."""

    aspect: str
    by: str
    value: str


@transaction.atomic
def propose(
    *,
    title: str,
    kind: str,
    department: Department,
    problem: str = "",
    aim: Aim | None = None,
    spot: Spot | None = None,
    need: Need | None = None,
    alert: FigureAlert | None = None,
    actor: User | None,
    at: datetime,
) -> Improvement:
    """Put an improvement forward: of a hot spot, a need, an alert, or nothing that is on record.

    Raises:
        NotPermitted: this person may not, or not for this department.
        Invalid: a text, the kind, the figure or the source is none.
    """
    if actor is not None and not actor.has_perm(ADD):
        raise NotPermitted
    check_department(department, actor)
    if kind not in ImprovementKind.values:
        raise Invalid(_("Choose a kind."), field="kind")
    if sum(one is not None for one in (spot, need, alert)) > 1:
        raise Invalid(_("An improvement is about one hot spot, need or alert."))
    made = Improvement(
        title=text_of(title, NAMED, "title"),
        problem=text_of(problem, WORDS, "problem", is_needed=False),
        kind=kind,
        department=department,
        need=need,
        alert=alert,
        proposed_at=at,
    )
    if spot is not None:
        if spot.aspect not in Aspect.values or spot.by not in SpotBy.values:
            raise Invalid(_("There is no such hot spot."))
        made.spot_aspect, made.spot_by = spot.aspect, spot.by
        made.spot_value = text_of(spot.value, KEY, "spot", is_needed=False)
    if aim is not None:
        _take_aim(made, aim, actor)
    made.save(force_insert=True)
    record("improvement.proposed", made, actor=actor, at=at, department=department.pk, of=kind)
    return made


@transaction.atomic
def edit(
    *,
    improvement_id: int,
    title: str,
    kind: str,
    problem: str = "",
    aim: Aim | None = None,
    actor: User | None,
    at: datetime,
) -> Improvement:
    """Say anew what it is about. The figure stays from the moment that the work has begun.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `open_one`.
        Invalid: a text, the kind or the figure is none.
    """
    found = open_one(improvement_id, actor)
    if kind not in ImprovementKind.values:
        raise Invalid(_("Choose a kind."), field="kind")
    found.title, found.kind = text_of(title, NAMED, "title"), kind
    found.problem = text_of(problem, WORDS, "problem", is_needed=False)
    was = _aimed(found)
    if aim is not None and _of(aim) != was:  # who may not see its figure may say the rest anew
        _take_aim(found, aim, actor)
        if found.status != S.PROPOSED and not (found.metric and found.expected):
            raise Invalid(_("Choose the figure that is to become better, and by how much."), field="metric")
        if found.status not in {S.PROPOSED, S.ACCEPTED} and _aimed(found) != was:
            raise MoveNotAllowed(_("The figure stays once the work has begun."))
    found.save()
    record("improvement.edited", found, actor=actor, at=at)
    return found


@transaction.atomic
def accept(
    *,
    improvement_id: int,
    owner: User,
    due_on: date,
    aim: Aim | None = None,
    actor: User | None,
    at: datetime,
) -> Improvement:
    """Take it on: somebody's, until a day, for a figure. Its clock starts.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it is not one that is proposed.
        Invalid: the owner does not see it anyway, the day is past, or no figure was chosen.
    """
    found = held(improvement_id, actor)
    check_move(found, S.ACCEPTED)
    if aim is not None:
        _take_aim(found, aim, actor)
    if not found.metric or found.expected is None:
        raise Invalid(_("Choose the figure that is to become better, and by how much."), field="metric")
    found.status, found.accepted_at = S.ACCEPTED, at
    _entrust(found, owner, due_on, at)
    found.save()
    record("improvement.accepted", found, actor=actor, at=at, owner=owner.pk, due=f"{due_on}")
    deadline.tell_owner(found, at=at)
    return found


@transaction.atomic
def entrust(
    *, improvement_id: int, owner: User, due_on: date, actor: User | None, at: datetime
) -> Improvement:
    """Give it to another owner or until another day; for another day its ladder begins anew.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: nobody has taken it on, or it was carried out.
        Invalid: the owner does not see it anyway, or the day is past.
    """
    found = held(improvement_id, actor)
    if found.status not in {S.ACCEPTED, S.UNDER_WAY, S.REOPENED}:
        raise MoveNotAllowed
    was = found.owner_id
    _entrust(found, owner, due_on, at)
    found.save(update_fields=["owner", "due_on", "warn_at"])
    record("improvement.entrusted", found, actor=actor, at=at, owner=owner.pk, due=f"{due_on}")
    if was != owner.pk:
        deadline.tell_owner(found, at=at)
    return found


@transaction.atomic
def start(*, improvement_id: int, actor: User | None, at: datetime) -> Improvement:
    """Begin the work: the days before it are from now on what it is compared with.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it is neither accepted nor reopened.
    """
    found = _moved(improvement_id, S.UNDER_WAY, actor)
    found.started_at, found.carried_out_at, found.check_on, found.verdict = at, None, None, ""
    found.save()
    record("improvement.started", found, actor=actor, at=at, round=found.round)
    return found


@transaction.atomic
def carry_out(
    *, improvement_id: int, check_on: date | None = None, actor: User | None, at: datetime
) -> Improvement:
    """Note that it is done; it is checked no earlier than when the days that are compared are over.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it is not under way, or a task is open.
        Invalid: the day of the check is beyond what calendars know.
    """
    found = _moved(improvement_id, S.CARRIED_OUT, actor)
    if found.tasks.filter(done_at=None).exists():
        raise MoveNotAllowed(_("There are tasks that are not done."))
    earliest = day_of(at) + timedelta(found.window + 1)
    found.carried_out_at, found.warn_at = at, None
    found.check_on = max(earliest, coming_day(check_on or earliest, at, "check_on"))
    found.save()
    record("improvement.carried_out", found, actor=actor, at=at, round=found.round, check=f"{found.check_on}")
    return found


@transaction.atomic
def check(*, improvement_id: int, actor: User | None, at: datetime) -> ImprovementCheck:
    """Compare before and after, and keep what came out. Where it is too early nothing else changes.

    Too early as before, with the same numbers, is kept once.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it was not carried out, or was checked.
    """
    found = held(improvement_id, actor)
    check_move(found, S.CHECKED)
    measured = measuring.measure(found, today=day_of(at))
    told = {"round": found.round, "verdict": measured.verdict, "numbers": measured.as_numbers()}
    last = found.checks.order_by("-pk").first()
    if last is not None and {name: getattr(last, name) for name in told} == told:
        return last
    made = ImprovementCheck.objects.create(improvement=found, at=at, by=actor, **told)
    if made.verdict != Verdict.TOO_EARLY:
        found.status, found.verdict = S.CHECKED, made.verdict
        found.save(update_fields=["status", "verdict"])
    record("improvement.checked", found, actor=actor, at=at, verdict=made.verdict, round=found.round)
    return made


@transaction.atomic
def close(*, improvement_id: int, actor: User | None, at: datetime) -> Improvement:
    """End what was checked.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it was not checked.
    """
    found = _moved(improvement_id, S.CLOSED, actor)
    found.ended_at = at
    found.save(update_fields=["status", "ended_at"])
    record("improvement.closed", found, actor=actor, at=at, verdict=found.verdict)
    return found


@transaction.atomic
def drop(*, improvement_id: int, actor: User | None, at: datetime) -> Improvement:
    """Give it up.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it was carried out, or has ended.
    """
    found = _moved(improvement_id, S.DROPPED, actor)
    found.ended_at, found.warn_at, found.verdict = at, None, ""
    found.save(update_fields=["status", "ended_at", "warn_at", "verdict"])
    record("improvement.dropped", found, actor=actor, at=at)
    return found


@transaction.atomic
def reopen(
    *, improvement_id: int, due_on: date | None = None, why: str = "", actor: User | None, at: datetime
) -> Improvement:
    """Take it up again, as the gap came back or had no effect; it has as long as it had, unless said.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it was not checked, or is open.
        Invalid: the day is past.
    """
    found = _moved(improvement_id, S.REOPENED, actor)
    given = due_on or day_of(at) + timedelta(deadline.days_given(found))
    found.ended_at, found.accepted_at, found.round = None, at, found.round + 1
    found.telling_at = None
    found.due_on = coming_day(given, at, "due_on")
    found.warn_at = deadline.next_at(found, at)
    found.save()
    record("improvement.reopened", found, actor=actor, at=at, round=found.round, why=why)
    deadline.tell_reopened(found, at=at)
    return found


def _moved(improvement_id: int, to: ImprovementStatus, actor: User | None) -> Improvement:
    found = held(improvement_id, actor)
    check_move(found, to)
    found.status = to
    return found


def _entrust(found: Improvement, owner: User, due_on: date, at: datetime) -> None:
    if not may_own(found, owner):
        raise Invalid(_("This colleague can't take it on."), field="owner")
    found.owner, found.due_on = owner, coming_day(due_on, at, "due_on")
    found.warn_at = deadline.next_at(found, at)


def _aimed(found: Improvement) -> tuple[object, ...]:
    return found.metric, found.dimension, found.key, found.control_key, found.expected, found.window


def _of(aim: Aim) -> tuple[object, ...]:
    return aim.metric, aim.dimension, aim.key, aim.control_key, aim.expected, aim.window


def _take_aim(found: Improvement, aim: Aim, actor: User | None) -> None:
    """Set the figure.

    Raises:
        Invalid: there is no such figure, it can't be told apart so, or this person may not see it.
    """
    if not aim.metric:
        if aim.key or aim.dimension or aim.expected is not None:
            raise Invalid(_("Choose a figure."), field="metric")
    elif aim.metric not in METRICS:
        raise Invalid(_("There is no such figure."), field="metric")
    elif aim.dimension and aim.dimension not in METRICS[MetricCode(aim.metric)].dimensions:
        raise Invalid(_("This figure can't be told apart by it."), field="dimension")
    if bool(aim.dimension) != bool(aim.key) or (aim.control_key and not aim.key):
        raise Invalid(_("Say by what it is told apart, and which of them."), field="key")
    if not sees_figure(actor, aim.dimension, aim.key, aim.control_key):
        raise Invalid(_("You may not see this figure."), field="key")
    if aim.control_key and aim.control_key == aim.key:
        raise Invalid(_("It can't be compared with itself."), field="control_key")
    if aim.expected is not None and not (aim.expected.is_finite() and LEAST <= aim.expected < MOST):
        raise Invalid(_("Say by how much it is to become better, above nothing."), field="expected")
    if aim.window not in range(7, 92, 7):
        raise Invalid(_("Choose whole weeks, one to thirteen."), field="window")
    keys = [text_of(one, KEY, "key", is_needed=False) for one in (aim.key, aim.control_key)]
    found.metric, found.dimension = aim.metric, Dimension(aim.dimension).value
    found.key, found.control_key = keys
    found.expected, found.window = aim.expected, aim.window
