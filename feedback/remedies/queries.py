"""What was given for a case, and what waits for a decision."""

from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from compensation.authority import queries as authority
from compensation.authority.rules import Sums
from compensation.grants import queries as grants
from compensation.models import ApprovalRound, Grant
from config.common.errors import NotFound
from config.common.models import User
from feedback.cases.queries import visible_to
from feedback.models import Case, Remedy
from feedback.org.queries import leads_of

ALL_DEPARTMENTS = "feedback.decide_all_departments"


def visible_grants(user: User) -> QuerySet[Grant]:
    """The grants that a person may see: those of cases that the person may see.

    Those without a case, such as a rule's, and those of other departments take the permission to decide
    on all departments' grants, which finance has.
    """
    if user.is_active and user.has_perm(ALL_DEPARTMENTS):
        return Grant.objects.all()
    return Grant.objects.filter(remedy__case__in=visible_to(user).values("pk"))


def waiting_approvals(user: User) -> QuerySet[Grant]:
    """Grants that wait for a decision which is this person's to take, longest first, with their case.

    What the person asked for is left out, and so is everything without the permission to approve.
    """
    if not user.has_perm(authority.APPROVE):
        return Grant.objects.none()
    return (
        grants.waiting()
        .filter(pk__in=visible_grants(user).values("pk"))
        .filter(Q(requested_by__isnull=True) | ~Q(requested_by=user))
        .select_related("remedy__case__department", "member__tier", "template", "requested_by")
    )


def get_for(user: User, grant_id: int) -> Grant:
    """The grant, if this person may see it.

    Raises:
        NotFound: there is no such grant, or it is none of this person's departments'.
    """
    found = visible_grants(user).select_related("member", "template", "requested_by", "decided_by")
    grant = found.filter(pk=grant_id).first()
    if grant is None:
        raise NotFound
    return grant


def approvers_of(grant: Grant, case: Case, at: datetime) -> list[User]:
    """Who is told of a waiting grant: the leads of the case's department who may approve it.

    Where it is beyond all of them, those who decide for all departments and may.
    """
    need = grants.need_of(grant)
    leads = [agent.user for agent in leads_of(case.department)]
    for people in (leads, deciders()):
        found = [
            user
            for user in people
            if user.pk != grant.requested_by_id
            and user.has_perm(authority.APPROVE)
            and authority.backing(user, need, requester_id=grant.requested_by_id, at=at)
        ]
        if found:
            return found
    return []


def deciders() -> list[User]:
    """Those who may decide on grants for all departments, by their roles."""
    app, code = ALL_DEPARTMENTS.split(".")
    people = User.objects.filter(
        groups__permissions__codename=code, groups__permissions__content_type__app_label=app, is_active=True
    ).distinct()
    return [user for user in people.order_by("pk") if user.has_perm(authority.APPROVE)]


def problem_of(case: Case) -> str:
    """What the sums over the grants of a case are taken over."""
    return case.problem


def left_fen(limits: Sums, case: Case, at: datetime) -> int:
    """The most that somebody with these limits can still give in a case without asking."""
    return authority.left_fen(
        limits, member_id=case.member_id, problem=problem_of(case), order_id=case.order_id, at=at
    )


def remedies_of(case: Case) -> QuerySet[Remedy]:
    """Everything given or asked for in a case, newest first; `because` and `details` say why it waits."""
    waits = ApprovalRound.objects.filter(grant=OuterRef("grant"), decision="")
    return (
        Remedy.objects.filter(case=case)
        .annotate(
            because=Subquery(waits.values("because")[:1]), details=Subquery(waits.values("details")[:1])
        )
        .select_related("gap", "grant__template", "grant__coupon", "grant__requested_by", "grant__decided_by")
        .prefetch_related(
            "grant__questions__asked_by",
            "grant__questions__answered_by",
            "grant__refunds",
            "grant__lines",
        )
        .order_by("-grant__requested_at", "-pk")
    )
