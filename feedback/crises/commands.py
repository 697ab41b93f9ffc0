"""What can happen to a crisis: opened, changed, dismissed, contained, and the all-clear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, Stale
from config.common.events import record
from config.common.models import User
from feedback.cases.rules import clean_text
from feedback.crises import report, statements
from feedback.crises.access import check, check_department
from feedback.crises.answering import templates_of
from feedback.crises.joining import due_answers, end_all, locked
from feedback.models import (
    CaseKind,
    Channel,
    Crisis,
    CrisisSeverity,
    CrisisStatus,
    Department,
    GapKind,
    Playbook,
    Priority,
    VoiceAspect,
)
from feedback.models.crisis import LIVE, PARTS

NAME, WHY, CAUSE, LESSONS, ALL_CLEAR = 120, 400, 2000, 4000, 2000
MOST_DAYS = 90
LISTED, ENTRY = 50, 80
KNOWN: Mapping[str, Sequence[Any]] = {
    "kinds": CaseKind.values,
    "channels": Channel.values,
    "priorities": Priority.values,
    "aspects": VoiceAspect.values,
    "gap_kinds": GapKind.values,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a crisis is worked on, as people fill it in; `conditions` by the names in `models.crisis.PARTS`."""

    name: str
    severity: int
    department: Department
    owner: User
    since: datetime
    raises_to: int = Priority.HIGH
    answer: str = ""
    playbook: Playbook | None = None
    conditions: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def begin(*, plan: Plan, actor: User, at: datetime) -> Crisis:
    """Open a crisis by hand.

    Raises:
        NotPermitted: the actor may not open crises, or not for this department.
        Invalid: the plan is not whole; see `_fill`.
    """
    check(actor, "begin")
    crisis = Crisis(status=CrisisStatus.OPEN, began_at=plan.since, opened_at=at, opened_by=actor)
    _fill(crisis, plan, actor, at)
    crisis.save()
    record("crisis.opened", crisis, actor=actor, at=at, by_hand=True, department=crisis.department_id)
    return crisis


@transaction.atomic
def open_proposed(*, crisis_id: int, plan: Plan, actor: User, at: datetime) -> Crisis:
    """Open what was proposed. Of two who do, the second is told that it is open.

    Raises:
        NotFound, NotPermitted, Invalid: see `begin`.
        WrongState: it is no proposal any more.
    """
    crisis = locked(crisis_id, (CrisisStatus.PROPOSED,))
    check(actor, "open", crisis)
    _fill(crisis, plan, actor, at)
    crisis.status, crisis.opened_at, crisis.opened_by = CrisisStatus.OPEN, at, actor
    _save(crisis)
    record("crisis.opened", crisis, actor=actor, at=at, by_hand=False, department=crisis.department_id)
    return crisis


@transaction.atomic
def change(*, crisis_id: int, plan: Plan, version: int, actor: User, at: datetime) -> Crisis:
    """Change how an open crisis is worked on. Cases that have joined stay, whatever the conditions say now.

    Raises:
        NotFound, NotPermitted, Invalid: see `begin`.
        WrongState: it does not go on.
        Stale: somebody changed it since.
    """
    crisis = locked(crisis_id)
    check(actor, "change", crisis)
    if crisis.version != version:
        raise Stale(version=crisis.version)
    answer = crisis.answer
    _fill(crisis, plan, actor, at)
    crisis.looked_to = None
    _save(crisis)
    if crisis.answer != answer:
        due_answers(crisis)
    record("crisis.changed", crisis, actor=actor, at=at, department=crisis.department_id)
    return crisis


@transaction.atomic
def dismiss(*, crisis_id: int, why: str, actor: User, at: datetime) -> Crisis:
    """Say that a proposal is no crisis: it is not proposed again until it grows anew.

    Raises:
        NotFound, NotPermitted: see `begin`.
        WrongState: it is no proposal any more.
        Invalid: no reason.
    """
    why = clean_text(why, limit=WHY)
    if not why:
        raise Invalid(_("Say why it is none."))
    crisis = locked(crisis_id, (CrisisStatus.PROPOSED,))
    check(actor, "dismiss", crisis)
    crisis.status, crisis.why = CrisisStatus.DISMISSED, why
    crisis.ended_at, crisis.ended_by = at, actor
    _save(crisis)
    record("crisis.dismissed", crisis, actor=actor, at=at)
    return crisis


@transaction.atomic
def contain(*, crisis_id: int, cause: str, actor: User, at: datetime) -> Crisis:
    """Say that its cause is known and stopped; cases that come late still join.

    Raises:
        NotFound, NotPermitted: see `begin`.
        WrongState: it is not open.
        Invalid: nothing is said of the cause.
    """
    cause = clean_text(cause, limit=CAUSE)
    if not cause:
        raise Invalid(_("Say what it was."))
    crisis = locked(crisis_id, (CrisisStatus.OPEN,))
    check(actor, "contain", crisis)
    crisis.status, crisis.cause, crisis.contained_at = CrisisStatus.CONTAINED, cause, at
    _save(crisis)
    record("crisis.contained", crisis, actor=actor, at=at)
    return crisis


@transaction.atomic
def go_on(*, crisis_id: int, actor: User, at: datetime) -> Crisis:
    """It was not contained after all.

    Raises:
        NotFound, NotPermitted: see `begin`.
        WrongState: it is not contained.
    """
    crisis = locked(crisis_id, (CrisisStatus.CONTAINED,))
    check(actor, "go_on", crisis)
    crisis.status, crisis.contained_at = CrisisStatus.OPEN, None
    _save(crisis)
    record("crisis.went_on", crisis, actor=actor, at=at)
    return crisis


@transaction.atomic
def close(
    *, crisis_id: int, cause: str, told: str = "", told_en: str = "", actor: User, at: datetime
) -> Crisis:
    """Give the all-clear: no case joins any more, the statement comes down, the report's figures are frozen.

    Cases that are still worked on go on as they are. With `told` every member with a case of it is told that,
    by workers; in English to who speaks it, where there is an English text.

    Raises:
        NotFound, NotPermitted: see `begin`.
        WrongState: it does not go on.
        Invalid: nothing is said of the cause; a text is too long.
    """
    cause = clean_text(cause, limit=CAUSE)
    if not cause:
        raise Invalid(_("Say what it was."))
    crisis = locked(crisis_id)
    check(actor, "close", crisis)
    crisis.all_clear = clean_text(told, limit=ALL_CLEAR)
    crisis.all_clear_en = clean_text(told_en, limit=ALL_CLEAR)
    crisis.contained_at = crisis.contained_at or at
    crisis.status, crisis.cause, crisis.ended_at, crisis.ended_by = CrisisStatus.CLOSED, cause, at, actor
    end_all(crisis)
    statements.end(crisis, actor=actor, at=at)
    record("crisis.closed", crisis, actor=actor, at=at)
    crisis.report = report.build(crisis, at=at)
    _save(crisis)
    return crisis


@transaction.atomic
def learn(*, crisis_id: int, lessons: str, actor: User, at: datetime) -> Crisis:
    """Write down what was learned, while it goes on or afterwards: it is no figure, and may grow.

    Raises:
        NotFound, NotPermitted: see `begin`.
        WrongState: nobody opened it.
        Invalid: too long.
    """
    crisis = locked(crisis_id, (*LIVE, CrisisStatus.CLOSED))
    check(actor, "learn", crisis)
    crisis.lessons = clean_text(lessons, limit=LESSONS)
    _save(crisis)
    record("crisis.learned", crisis, actor=actor, at=at)
    return crisis


def _save(crisis: Crisis) -> None:
    crisis.version += 1
    crisis.save()


def _fill(crisis: Crisis, plan: Plan, actor: User, at: datetime) -> None:
    """Take in a plan.

    Raises:
        NotPermitted: the department is none of the actor's.
        Invalid: no name, an inactive department or owner, no conditions, a time ahead or long ago, a first
            answer that cannot be given to all.
    """
    crisis.name = " ".join(clean_text(plan.name, limit=NAME).split())
    if not crisis.name:
        raise Invalid(_("Give it a name."))
    if plan.severity not in CrisisSeverity.values or plan.raises_to not in Priority.values:
        raise Invalid(_("Choose from the list."))
    if not plan.department.is_active:
        raise Invalid(_("%(department)s takes no cases.") % {"department": plan.department})
    if not plan.owner.is_active:
        raise Invalid(_("Choose who is in charge."))
    if not at - timedelta(days=MOST_DAYS) <= plan.since <= at:
        raise Invalid(_("Choose a time within the last %(days)s days.") % {"days": MOST_DAYS})
    if crisis.department_id != plan.department.pk:
        check_department(actor, plan.department.pk)
    conditions = _conditions(plan.conditions)
    if plan.answer:
        templates_of(plan.answer)
    crisis.severity, crisis.raises_to = plan.severity, plan.raises_to
    crisis.department, crisis.owner, crisis.since = plan.department, plan.owner, plan.since
    crisis.answer, crisis.playbook = plan.answer, plan.playbook
    for name in PARTS:
        setattr(crisis, name, conditions[name])


def _conditions(given: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The conditions, tidied.

    Raises:
        Invalid: there is none, an unknown one, or far too many.
    """
    if set(given) - set(PARTS):
        raise Invalid(_("There is no such condition."))
    kept: dict[str, list[Any]] = {}
    for name in PARTS:
        known = KNOWN.get(name)
        if known is not None and not set(given.get(name) or ()) <= set(known):
            raise Invalid(_("There is no such condition."))
        values = [clean_text(one) if isinstance(one, str) else one for one in given.get(name) or ()]
        kept[name] = list(dict.fromkeys(one for one in values if one not in {"", None}))
        if len(kept[name]) > LISTED or any(isinstance(one, str) and len(one) > ENTRY for one in kept[name]):
            raise Invalid(_("That is too many conditions."))
    if not any(kept.values()):
        raise Invalid(_("Say which cases belong to it: choose at least one condition."))
    return kept
