"""Which cases somebody may see, and what may be done with one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from feedback.cases import rules
from feedback.models import Case, CaseStatus, Handoff, HandoffStatus
from feedback.org.queries import SEE_ALL, agent_of, department_ids, may_work_in

READS = ("feedback.work_case", "feedback.view_case")

NOT_OURS = _("Another department has this case.")
NO_PERMISSION = _("Your role does not allow this.")
MERGED = _("Another case goes on in its place.")
ENDED = _("The case is resolved or closed.")
NOT_ENDED = _("The case is still being worked on.")
DEPARTMENT_ASKED = _("Another department has yet to answer.")
TAKEN = _("A colleague is working on it.")
YOURS = _("You are working on it.")
NOT_ASKED = _("No department has been asked.")
WAITS_FOR_NOBODY = _("The case waits for nobody outside.")
NO_AGENT = _("You do not work in this department.")


def reads_cases(user: User) -> bool:
    """Whether this person's role reads cases at all; which of them, `visible_to` says."""
    return any(user.has_perm(name) for name in READS)


def visible_to(user: User) -> QuerySet[Case]:
    """The cases that a member of staff may see.

    Those of the person's departments, and those about which one of them was ever asked; uses the indexes
    `case_queue`, `case_department_opened` and `handoff_department`.
    """
    if user.is_active and user.has_perm(SEE_ALL):
        return Case.objects.all()
    return Case.objects.filter(in_departments(department_ids(user)))


def in_departments(department_ids: Iterable[int]) -> Q:
    """Whether a case is one of the departments', or was handed over to one of them."""
    ids = list(department_ids)
    asked = Handoff.objects.filter(department__in=ids, case=OuterRef("pk")).order_by()
    return Q(department__in=ids) | Q(Exists(asked))


def get_for(user: User, case_id: int) -> Case:
    """The case, if this person may see it.

    Raises:
        NotFound: there is no such case, or it is none of this person's departments'.
    """
    found = (
        visible_to(user)
        .select_related("member__tier", "order", "department", "agent__user")
        .filter(pk=case_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Actions:
    """What somebody may do with a case now, by the names of the commands, and why not the rest."""

    allowed: frozenset[str]
    refused: dict[str, Promise]

    def __contains__(self, action: object) -> bool:
        return action in self.allowed

    def __iter__(self) -> Iterator[str]:
        return iter(self.allowed)

    def check(self, action: str) -> None:
        """Refuse an action that is not allowed.

        Raises:
            NotPermitted: with the reason.
        """
        if action not in self.allowed:
            raise NotPermitted(self.refused.get(action))


def actions_for(case: Case, user: User) -> Actions:
    """What this person may do with this case in its present state, and the reason for what is refused.

    The names are those of the commands, and `wait` for a reply after which the case waits for the member,
    `answer` for answering or rejecting a question to one of the person's departments, `grant` for a remedy,
    `courier`, `call` and `keep` for what is asked of a courier, calls, and promises that were kept.
    """
    ours = department_ids(user)
    asked = set(
        Handoff.objects.filter(case=case, status=HandoffStatus.OPEN).values_list("department", flat=True)
    )
    refused: dict[str, Promise] = {}
    for action in ACTIONS:
        if reason := _refusal(action, case, user, ours, asked):
            refused[action] = reason
    return Actions(frozenset(ACTIONS).difference(refused), refused)


ACTIONS = (
    "claim", "assign", "reply", "wait", "resolve", "note", "hand_over", "recall", "answer", "transfer",
    "change_priority", "correct", "grant", "wait_for", "go_on", "courier", "call", "keep", "reopen",
    "close_case", "merge", "split", "link",
)  # fmt: skip
IN_WORK = frozenset(
    {"claim", "assign", "wait", "resolve", "hand_over", "transfer", "change_priority", "merge", "split"}
    | {"correct", "wait_for", "go_on", "courier", "call", "keep"}
)
WORK = "feedback.work_case"
PERMISSIONS = {"assign": ("feedback.assign_case",), "grant": (WORK, "compensation.add_grant")}
TARGETS = {
    "wait": CaseStatus.WAITING_MEMBER,
    "resolve": CaseStatus.RESOLVED,
    "reopen": CaseStatus.REOPENED,
    "close_case": CaseStatus.CLOSED,
}


def _refusal(action: str, case: Case, user: User, ours: set[int], asked: set[int]) -> Promise | None:
    """The first reason against an action: role, then department, then state."""
    if not user.has_perms(PERMISSIONS.get(action, (WORK,))):
        return NO_PERMISSION
    if case.merged_into_id is not None:
        return MERGED
    if action == "answer":
        return None if asked & ours else NOT_OURS
    if action != "note" and case.department_id not in ours:
        return NOT_OURS
    return _wrong_state(action, case, user, asked)


def _wrong_state(action: str, case: Case, user: User, asked: set[int]) -> Promise | None:
    if action == "recall":
        return None if asked else NOT_ASKED
    if action == "reply":
        return ENDED if case.status == CaseStatus.CLOSED else None
    if action in IN_WORK and case.status not in rules.WORKED:
        return ENDED
    if action == "claim":
        return _cannot_claim(case, user)
    if action in {"wait_for", "go_on"}:
        return _cannot_wait(action, case)
    return _wrong_move(action, CaseStatus(case.status))


def _wrong_move(action: str, status: CaseStatus) -> Promise | None:
    to = TARGETS.get(action)
    if to is None or rules.allowed(status, to) or to == status == CaseStatus.WAITING_MEMBER:
        return None
    if action in IN_WORK:
        return DEPARTMENT_ASKED
    return ENDED if status == CaseStatus.CLOSED else NOT_ENDED


def _cannot_wait(action: str, case: Case) -> Promise | None:
    if action == "go_on":
        return None if case.waiting_for else WAITS_FOR_NOBODY
    return DEPARTMENT_ASKED if case.status == CaseStatus.WAITING_DEPARTMENT else None


def _cannot_claim(case: Case, user: User) -> Promise | None:
    agent = agent_of(user)
    if agent is None or not may_work_in(agent, case.department_id):
        return NO_AGENT
    if case.agent_id is None:
        return None
    return YOURS if case.agent_id == agent.pk else TAKEN
