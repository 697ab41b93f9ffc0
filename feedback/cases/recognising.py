"""Whose case it is, when it was opened for somebody whom nobody knew."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.members.commands import GUEST
from compensation.models import Grant, Member
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases import rules
from feedback.cases.locking import lock, save
from feedback.clocks import commands as clocks
from feedback.models import Call, Case, CaseKind


def is_guest(member: Member) -> bool:
    """Whether a member is only a contact that wrote or called, not one of the shop's."""
    return member.external_id.startswith(GUEST)


@transaction.atomic
def recognise(*, case_id: int, member_id: int, version: int | None = None, actor: User, at: datetime) -> Case:
    """Say which member a stranger turned out to be: the case, with its calls, is that member's from now on.

    The running clocks go on under the policies for that member's tier. The same again changes nothing. What
    was opened for a member of the shop stays theirs.

    Raises:
        NotFound: there is no such member.
        Invalid: the case is not a stranger's, or the other is a stranger too.
        WrongState: something was already given for the case.
        MoveNotAllowed: the case is resolved or closed.
        Stale: the case is past `version`.
    """
    case = lock(case_id, version=version)
    rules.check_worked(case.status)
    if case.member_id == member_id:
        return case
    member = Member.objects.filter(pk=member_id, erased_at=None).first()
    if member is None:
        raise NotFound
    stranger = case.member
    if not is_guest(stranger):
        raise Invalid(_("This case was opened for a member of the shop and stays theirs."))
    if is_guest(member):
        raise Invalid(_("Choose a member of the shop."))
    if Grant.objects.filter(remedy__case=case).exists():
        raise WrongState(_("Something was already given for this case: it stays where it is."))
    case.member = member
    save(case, "member")
    Call.objects.filter(case=case, member=stranger).update(member=member)
    record("case.recognised", case, actor=actor, at=at, members=[stranger.pk, member.pk])
    clocks.corrected(case, was=CaseKind(case.kind), actor=actor, at=at)
    return case
