"""What surveys put on the portal's first page."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from compensation.models import Member
from compensation.portal.panels import Need
from surveys.interviews import links as interview_links
from surveys.interviews import queries as interviews
from surveys.invitations.links import page
from surveys.invitations.queries import open_for
from surveys.responses.own import spent_today

MOST = 3


def talks(member: Member, at: datetime) -> Sequence[Need]:  # noqa: ARG001 - one signature for all
    """The interviews that the member can choose a time for."""
    return [
        Need(
            kind="survey",
            title=_("May we talk to you?"),
            text=_("Choose a time that suits you, or say no."),
            path=interview_links.page(one),
        )
        for one in interviews.waiting(member)[:MOST]
    ]


def needs(member: Member, at: datetime) -> Sequence[Need]:
    """The surveys that the member can still answer."""
    found = list(open_for(member, at)[:MOST])
    gone = spent_today(found)
    return [
        Need(
            kind="survey",
            title=_("How did we do?"),
            text=invitation.case.subject if invitation.case else invitation.version.heading(),
            path=page(invitation),
        )
        for invitation in found
        if invitation.pk not in gone
    ]
