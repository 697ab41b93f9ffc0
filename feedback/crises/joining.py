"""Cases join the crisis whose conditions they fit: many in one transaction, in a fixed number of statements.

A case that nobody works on goes to the crisis's queue; one that somebody has stays theirs. Its priority is
raised, and its clocks run on under the policy for that priority, from when they began: nothing is reset, and
what is late stays late. Of two crises that a case fits, the graver takes it, then the older.

Locks: the crisis, then cases, then their clocks.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from config.common import bulk
from config.common.errors import NotFound, WrongState
from config.common.events import Happening, record, record_all
from config.common.models import User
from feedback.cases import rules as cases
from feedback.cases.locking import check_not_merged, lock
from feedback.clocks.commands import retarget_all
from feedback.clocks.running import Running
from feedback.crises import counting
from feedback.crises.membership import matching
from feedback.models import Case, Crisis, CrisisCase, CrisisStatus, Joined, Priority
from feedback.models.case import TO_DO
from feedback.models.crisis import LIVE

AT_ONCE = 500
"""Cases in one transaction."""
OVERLAP = timedelta(hours=2)
"""So far before the last look cases are looked at again: what they are about may have been read since."""
CHANGING = (
    "priority", "department", "queued_at", "skill", "department_rule", "given_back_by", "version",
    "news_version",
)  # fmt: skip


def join_all(*, at: datetime, whole: bool = False) -> int:
    """Let what fits join the crises that go on, the gravest first; gives how many cases did.

    With `whole`, cases of any age since the crisis began are looked at, not the last hours alone.
    """
    going = Crisis.objects.filter(status__in=LIVE).order_by("-severity", "opened_at", "pk")
    joined = 0
    for pk in going.values_list("pk", flat=True):
        if whole:
            Crisis.objects.filter(pk=pk).update(looked_to=None)
        while count := join(crisis_id=pk, at=at):
            joined += count
    return joined


@transaction.atomic
def join(*, crisis_id: int, at: datetime, limit: int = AT_ONCE) -> int:
    """Let the next cases that fit join; gives how many did. Whoever else is at this crisis goes first."""
    crisis = (
        Crisis.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("department")
        .filter(pk=crisis_id, status__in=LIVE)
        .first()
    )
    if crisis is None:
        return 0
    wanted = waiting(crisis)
    if crisis.looked_to is not None:
        wanted = wanted.filter(opened_at__gte=crisis.looked_to - OVERLAP)
    ids = list(wanted.order_by("pk").values_list("pk", flat=True)[:limit])
    rows = Case.objects.select_for_update(no_key=True, skip_locked=True).filter(pk__in=ids).order_by("pk")
    found = list(rows)
    if len(ids) < limit and len(found) == len(ids):
        crisis.looked_to = at
        crisis.save(update_fields=["looked_to"])
    joined = take_in(crisis, found, how=Joined.MATCHED, actor=None, at=at)
    if joined:
        counting.note(min(case.opened_at for case in joined))
    return len(joined)


def waiting(crisis: Crisis) -> QuerySet[Case]:
    """The cases that fit and are in no crisis that goes on, nor were taken out of this one."""
    inside = CrisisCase.objects.filter(case=OuterRef("pk"))
    return (
        matching(crisis)
        .exclude(Exists(inside.filter(crisis=crisis)))
        .exclude(Exists(inside.filter(is_live=True)))
    )


def take_in(
    crisis: Crisis, found: Sequence[Case], *, how: Joined, actor: User | None, at: datetime
) -> list[Case]:
    """Make locked cases those of a locked crisis; gives those that were in no other that goes on."""
    ids = [case.pk for case in found]
    elsewhere = set(CrisisCase.objects.filter(case__in=ids, is_live=True).values_list("case", flat=True))
    joined = [case for case in found if case.pk not in elsewhere]
    if not joined:
        return []
    CrisisCase.objects.bulk_create(
        [
            CrisisCase(
                crisis=crisis,
                case=case,
                joined=how,
                joined_at=at,
                was_priority=case.priority,
                was_department_id=case.department_id,
                answer_due=_is_to_be_answered(crisis, case),
            )
            for case in joined
        ],
        update_conflicts=True,  # taken out before, and put back by hand
        unique_fields=["crisis", "case"],
        update_fields=["joined", "joined_at", "is_live", "left_at", "answer_due"],
    )
    events = [Happening("case.crisis_joined", case, at, actor, {"crisis": crisis.pk}) for case in joined]
    _raise_and_move(crisis, joined, events, actor=actor, at=at)
    record("crisis.joined", crisis, actor=actor, at=at, cases=len(joined))
    return joined


def _is_to_be_answered(crisis: Crisis, case: Case) -> bool:
    """Nobody has answered yet, and there is something to say."""
    return bool(crisis.answer) and case.first_replied_at is None and case.status in cases.WORKED


def _raise_and_move(
    crisis: Crisis, joined: Sequence[Case], events: list[Happening], *, actor: User | None, at: datetime
) -> None:
    raised, moved = [], []
    for case in joined:
        if case.status not in cases.WORKED:
            continue
        if case.priority < crisis.raises_to:
            ends = [case.priority, crisis.raises_to]
            case.priority = Priority(crisis.raises_to)
            raised.append(case)
            events.append(Happening("case.priority_changed", case, at, actor, {"priorities": ends}))
        if case.agent_id is None and case.status in TO_DO and case.department_id != crisis.department_id:
            places = [case.department_id, crisis.department_id]
            case.department_id = crisis.department_id or case.department_id
            case.queued_at, case.skill_id, case.department_rule_id, case.given_back_by_id = (
                at,
                None,
                None,
                None,
            )
            moved.append(case)
            events.append(Happening("case.transferred", case, at, actor, {"departments": places}))
    for case in {case.pk: case for case in (*raised, *moved)}.values():
        case.version += 1
    for case in moved:
        case.news_version = case.version
    bulk.update(Case, list({case.pk: case for case in (*raised, *moved)}.values()), CHANGING)
    record_all(events)
    touched = {case.pk: case for case in (*raised, *moved)}
    if not touched:
        return
    running = Running(touched.values(), actor=actor, at=at)
    for case in moved:
        running.move(case)
    higher = {case.pk for case in raised}
    retarget_all(running, [clock for clock in running.clocks if clock.case_id in higher])
    running.save()


@transaction.atomic
def add(*, crisis_id: int, case_id: int, actor: User, at: datetime) -> CrisisCase:
    """Put a case into a crisis by hand, whether it fits or not. Again changes nothing.

    Raises:
        NotFound: there is no such crisis or case.
        WrongState: the crisis does not go on, or the case is in another one that does.
        Merged: another case goes on in its place.
    """
    crisis = locked(crisis_id)
    case = lock(case_id)
    check_not_merged(case)
    inside = CrisisCase.objects.filter(case=case, is_live=True).select_related("crisis").first()
    if inside is not None and inside.crisis_id == crisis.pk:
        return inside
    if inside is not None:
        raise WrongState(_("The case belongs to another crisis: %(crisis)s.") % {"crisis": inside.crisis})
    take_in(crisis, [case], how=Joined.BY_HAND, actor=actor, at=at)
    counting.note(case.opened_at)
    return CrisisCase.objects.get(crisis=crisis, case=case)


@transaction.atomic
def remove(*, crisis_id: int, case_id: int, actor: User, at: datetime) -> CrisisCase:
    """Take a case out of a crisis: it does not come back by itself. Its priority becomes what it was.

    Where it was moved to, it stays: somebody there may have begun to work on it.

    Raises:
        NotFound: the case is not in it.
        WrongState: the crisis does not go on.
    """
    crisis = locked(crisis_id)
    case = lock(case_id)
    row = CrisisCase.objects.select_for_update().filter(crisis=crisis, case=case, left_at=None).first()
    if row is None:
        raise NotFound
    row.is_live, row.left_at, row.answer_due = False, at, False
    row.save(update_fields=["is_live", "left_at", "answer_due"])
    record("case.crisis_left", case, actor=actor, at=at, crisis=crisis.pk)
    if (
        row.was_priority
        and case.status in cases.WORKED
        and case.priority == crisis.raises_to != row.was_priority
    ):
        ends, case.priority = [case.priority, row.was_priority], Priority(row.was_priority)
        case.version += 1
        case.save(update_fields=["priority", "version"])
        record("case.priority_changed", case, actor=actor, at=at, priorities=ends)
        running = Running([case], actor=actor, at=at)
        retarget_all(running, running.clocks)
        running.save()
    counting.note(case.opened_at)
    return row


def end_all(crisis: Crisis) -> None:
    """The locked crisis no longer goes on: no case is in it any more, and none is answered automatically."""
    CrisisCase.objects.filter(crisis=crisis, is_live=True).update(is_live=False, answer_due=False)


def due_answers(crisis: Crisis) -> None:
    """The locked crisis has another first answer: who is in it and was not answered gets it."""
    rows = CrisisCase.objects.filter(
        crisis=crisis,
        is_live=True,
        answered_at=None,
        case__first_replied_at=None,
        case__status__in=list(cases.WORKED),
    )
    rows.update(answer_due=bool(crisis.answer))


def locked(crisis_id: int, states: Iterable[str] = LIVE) -> Crisis:
    """Take the lock of a crisis in one of some states.

    Raises:
        NotFound: there is none.
        WrongState: it is in another.
    """
    crisis = (
        Crisis.objects.select_for_update(no_key=True, of=("self",))
        .select_related("department")
        .filter(pk=crisis_id)
        .first()
    )
    if crisis is None:
        raise NotFound
    if crisis.status not in states:
        raise WrongState(_("It stands at: %(status)s.") % {"status": CrisisStatus(crisis.status).label})
    return crisis
