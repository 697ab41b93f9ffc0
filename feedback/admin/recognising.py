"""The button that says who a stranger is."""

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.members.queries import spoken_of
from config.common.asked import id_in
from config.common.errors import Invalid
from config.common.screens import StaffRequest
from feedback.cases import commands
from feedback.cases.recognising import is_guest
from feedback.models import Case


def say_who(request: StaffRequest, case: Case, at: datetime) -> Promise:
    """Give the case to the one member of the shop whom the typed text means.

    Raises:
        Invalid: it means nobody, or more than one.
        NotFound, Invalid, WrongState, MoveNotAllowed, Stale: see cases.recognising.recognise.
    """
    found = [member for member in spoken_of(request.POST.get("member", "")) if not is_guest(member)]
    if not found:
        raise Invalid(_("No member is found by that."))
    if len(found) > 1:
        raise Invalid(_("More than one member fits: give their number in the shop."))
    commands.recognise(
        case_id=case.pk,
        member_id=found[0].pk,
        version=id_in(request.POST.get("version")),
        actor=request.user,
        at=at,
    )
    return _("The case is theirs now; the clocks run by their tier.")
