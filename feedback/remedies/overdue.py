"""Requests that nobody decided in time: a level up, and those there are alerted."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.authority.queries import APPROVE
from compensation.grants.commands import raise_due
from compensation.models import ApprovalRound
from config.common.models import User
from config.common.money import display
from feedback.models import Case, Remedy
from feedback.org.alerts import alert
from feedback.org.queries import leads_of
from feedback.remedies import telling
from feedback.remedies.queries import ALL_DEPARTMENTS, approvers_of

RAISED = _("Nobody has decided in time: %(amount)s in case %(number)s")


@transaction.atomic
def raise_overdue(*, at: datetime) -> int:
    """Send what waited too long a level up and tell who decides there; gives how many there were."""
    rounds = raise_due(at=at)
    remedies = Remedy.objects.filter(grant__in=[one.grant_id for one in rounds], case__isnull=False)
    cases = {one.grant_id: one.case for one in remedies.select_related("case__department")}
    for one in rounds:
        if case := cases.get(one.grant_id):
            alert(
                users=_told(one, case, at),
                case=case,
                kind="remedy.overdue",
                key=f"grant:{one.grant_id}:raised:{one.pk}:{one.raised}",
                title=RAISED,
                data={"amount": display(one.grant_fen)},
                at=at,
            )
    if left := [one for one in rounds if one.grant_id not in cases]:
        telling.tell_overdue(left, at=at)
    return len(rounds)


def _told(one: ApprovalRound, case: Case, at: datetime) -> list[User]:
    """Those of the round's role who lead the department or decide for all; else whoever may approve."""
    leads = {agent.user_id for agent in leads_of(case.department)}
    found = [
        user
        for user in User.objects.filter(groups=one.role, is_active=True)
        if user.pk != one.requested_by_id
        and user.has_perm(APPROVE)
        and (user.pk in leads or user.has_perm(ALL_DEPARTMENTS))
    ]
    return found or approvers_of(one.grant, case, at)
