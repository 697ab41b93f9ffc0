"""What every command on a case does: lock the row, check the move, save it with a new version."""

from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common.errors import Busy, Invalid, NotFound, Stale, WrongState
from config.common.models import User
from feedback.cases import rules
from feedback.models import Agent, Case, CaseStatus
from feedback.models.case import number_of

Actor = User | Member | None


class Merged(WrongState):
    """The case was merged into another one, which goes on in its place: `into` in the details."""

    code = "merged"


def lock(case_id: int, *, version: int | None = None, reader: User | None = None) -> Case:
    """Take the lock of a case, which is the lock of everything about it.

    Nothing is joined: a joined row would be the one from before the wait for the lock.

    Raises:
        NotFound: there is no such case.
        Merged: another case goes on in its place.
        Stale: since `version` something has happened that matters to what the `reader` writes.
    """
    case = Case.objects.select_for_update(no_key=True).filter(pk=case_id).first()
    if case is None:
        raise NotFound
    check_not_merged(case)
    if version is not None and has_news(case, version, reader):
        raise Stale(version=case.version)
    return case


def has_news(case: Case, version: int, reader: User | None) -> bool:
    """Tell whether what was written in view of `version` may no longer fit.

    It may not when something was said in public since, the case has another state, department or agent, or
    was merged. Notes, priorities, watchers, remedies and ticks do not matter, nor that it was given to the
    reader. A version that is yet to come was not read here.
    """
    if not case.news_version <= version <= case.version:
        return True
    if case.given_version <= version:
        return False
    return case.agent is None or reader is None or case.agent.user_id != reader.pk


def check_not_merged(case: Case) -> None:
    """Refuse a case that was merged into another one.

    Raises:
        Merged: with the number of the one that goes on.
    """
    if case.merged_into_id is not None:
        raise Merged(
            _("%(number)s was merged into %(into)s.")
            % {"number": case.number, "into": number_of(case.merged_into_id)},
            into=case.merged_into_id,
        )


def lock_both(case_id: int, other_id: int) -> tuple[Case, Case]:
    """Take the locks of two cases, and of those that were merged into the first, in the order of their keys.

    Raises:
        Invalid: it is one case.
        NotFound: there is no such case.
        Merged: another case goes on in the place of one of them.
        Busy: something was merged into the first one at this very moment.
    """
    if case_id == other_id:
        raise Invalid(_("That is the same case."))
    wanted = {case_id, other_id, *merged_into(case_id)}
    rows = Case.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    cases = {case.pk: case for case in rows}
    if not {case_id, other_id} <= cases.keys():
        raise NotFound
    for one in (case_id, other_id):
        check_not_merged(cases[one])
    if not merged_into(case_id) <= wanted:
        raise Busy
    return cases[case_id], cases[other_id]


def merged_into(case_id: int) -> set[int]:
    """The cases that were merged into this one."""
    return set(Case.objects.filter(merged_into=case_id).values_list("pk", flat=True))


def survivor(case_id: int) -> int:
    """The case that goes on in the place of one that was merged; any other itself."""
    return Case.objects.filter(pk=case_id).values_list("merged_into", flat=True).first() or case_id


def lock_own(case_id: int, member: Member) -> Case:
    """Take the lock of a member's own case; under the old number of a merged one, of what it went into.

    Raises:
        NotFound: there is no such case, or it is somebody else's.
        Busy: it is being merged at this very moment.
    """
    try:
        case = lock(survivor(case_id))
    except Merged as error:
        raise Busy from error
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


def save(case: Case, *fields: str, news: bool = True) -> None:
    """Write the fields of a locked case, with its next version.

    `news`: whoever is writing an answer has to know of it before it is sent (has_news says why).
    """
    case.version += 1
    if news:
        case.news_version = case.version
    case.save(update_fields=["version", "news_version", "status", "waiting_for", *fields])


def hold_agent(case: Case) -> None:
    """Take the lock of the agent whom a locked case is given to, under which routers count what they have.

    A router that gives to the same agent at this moment comes before or after, never in between: it counts
    this case, or was the first. After the case and its clocks, as everywhere.
    """
    if case.agent_id is not None:
        Agent.objects.select_for_update(no_key=True).get(pk=case.agent_id)


def save_given(case: Case, *fields: str) -> None:
    """Write a locked case that was given to somebody else: news to all but who has it now."""
    hold_agent(case)
    case.given_version = case.version + 1
    save(case, "agent", "given_version", *fields, news=False)
