"""What every command on a case does: lock the row, check the move, save it with a new version."""

from compensation.models import Member
from config.common.errors import NotFound, Stale
from config.common.models import User
from feedback.cases import rules
from feedback.models import Case, CaseStatus

Actor = User | Member | None


def lock(case_id: int, *, version: int | None = None) -> Case:
    """Take the lock of a case, which is the lock of everything about it.

    Nothing is joined: a joined row would be the one from before the wait for the lock.

    Raises:
        NotFound: there is no such case.
        Stale: the case is past `version`.
    """
    case = Case.objects.select_for_update(no_key=True).filter(pk=case_id).first()
    if case is None:
        raise NotFound
    if version is not None and case.version != version:
        raise Stale(version=case.version)
    return case


def lock_own(case_id: int, member: Member) -> Case:
    """Take the lock of a member's own case.

    Raises:
        NotFound: there is no such case, or it is somebody else's.
    """
    case = lock(case_id)
    if case.member_id != member.pk:
        raise NotFound
    return case


def move(case: Case, to: CaseStatus) -> dict[str, str]:
    """Set the status by the table of moves; gives both ends of the move for its event.

    Raises:
        MoveNotAllowed: the table does not hold this move.
    """
    rules.check(case.status, to)
    ends = {"from": str(case.status), "to": str(to)}
    case.status = to
    if to != CaseStatus.OPEN:
        case.waiting_for = ""
    return ends


def work_begins(case: Case) -> dict[str, str]:
    """Open a case that is new or reopened; any other stays where it is."""
    if case.status in {CaseStatus.NEW, CaseStatus.REOPENED}:
        return move(case, CaseStatus.OPEN)
    return {}


def save(case: Case, *fields: str) -> None:
    """Write the fields of a locked case, with its next version."""
    case.version += 1
    case.save(update_fields=["version", "status", "waiting_for", *fields])
