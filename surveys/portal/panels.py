"""What surveys put on the portal's first page."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from compensation.models import Member
from compensation.portal.panels import Need
from surveys.invitations.links import page
from surveys.invitations.queries import open_for

MOST = 3


def needs(member: Member, at: datetime) -> Sequence[Need]:
    """The surveys that the member can still answer."""
    return [
        Need(
            kind="survey",
            title=_("How did we do?"),
            text=invitation.case.subject if invitation.case else str(invitation.campaign),
            path=page(invitation),
        )
        for invitation in open_for(member, at)[:MOST]
    ]
