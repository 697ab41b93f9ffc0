"""Points for what members contribute: a suggestion that was accepted. Reviews have rules of their own."""

from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from compensation.models import Earning, Member
from compensation.notices.commands import notify
from compensation.points import commands as points
from compensation.points.queries import SUGGESTION
from config.common.errors import Invalid
from config.common.events import record
from config.common.models import User
from feedback.cases.locking import lock
from feedback.models import CaseKind

THANKS_SUGGESTION = _("We have accepted your suggestion")


@transaction.atomic
def suggestion_accepted(*, case_id: int, actor: User, at: datetime) -> tuple[Earning, bool]:
    """Thank the member for a suggestion that the house accepts, once; the flag is True when it was before.

    Raises:
        NotFound: there is no such case.
        Invalid: the case is no suggestion.
        RuleOff: nothing is given for it.
    """
    case = lock(case_id)
    if case.kind != CaseKind.SUGGESTION:
        raise Invalid(_("Only a suggestion can be accepted."))
    earning, known = points.earn(
        rule=SUGGESTION, member_id=case.member_id, occurrence=f"case:{case.pk}", actor=actor, at=at
    )
    if not known:
        record("case.suggestion_accepted", case, actor=actor, at=at, points=earning.points)
        _tell(case.member, earning, THANKS_SUGGESTION, at)
    return earning, known


def _tell(member: Member, earning: Earning, title: Promise, at: datetime) -> None:
    with translation.override(member.language):
        given = ngettext("%(n)s point for you.", "%(n)s points for you.", earning.points)
        notify(
            member=member,
            kind="points.earned",
            key=f"points:{earning.rule.code}:{earning.occurrence}",
            title=str(title),
            body=given % {"n": earning.points} if earning.points else gettext("Thank you."),
            path="/portal/wallet/",
            at=at,
        )
