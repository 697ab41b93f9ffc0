"""What the member is told of a case, in the member's language, and what colleagues are alerted of."""

import re
from datetime import datetime

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.notices.commands import notify
from feedback.cases import outgoing
from feedback.models import Case

PAGE = re.compile(r"/portal/cases/(\d{1,18})/")
RECEIVED = _("We have received your case %(number)s")
RECEIVED_BODY = _("“%(subject)s” is with our %(department)s.")
WORKING = _("%(agent)s is working on your case %(number)s")
REPLIED = _("We have replied to your case %(number)s")
WAITING = _("We need your answer in case %(number)s")
MOVED = _("Your case %(number)s is now with our %(department)s")
ASKED = _("We have asked our %(department)s about your case %(number)s")
RESOLVED = _("Your case %(number)s is resolved: please confirm")
RESOLVED_BODY = _("Tell us whether it is solved. If not, reopen it with one tap.")
REFUNDED = _("The refund of your case %(number)s is on its way")
CALL_PROMISED = _("We will call you about your case %(number)s")
MERGED = _("Your case %(number)s goes on as case %(into_number)s")
MERGED_BODY = _("Both were about the same, so we answer them together. Everything you wrote is kept.")
SPLIT = _("A part of your case %(old_number)s goes on as a case of its own, %(number)s")
REOPENED = _("Your case %(number)s is open again")
CLOSED = _("Your case %(number)s is closed")
CLOSED_BODY = _("Thank you for your patience. You can still read everything.")


def tell(
    case: Case,
    kind: str,
    title: Promise,
    *,
    at: datetime,
    body: Promise | str = "",
    to_others: bool = False,
    **names: object,
) -> None:
    """Tell the member of a change of a case; `names` fill the placeholders in title and body.

    Once for one version of the case: a command that changes it in two ways tells of both. What the reply
    itself says where the member wrote stands in the portal only, unless it went `to_others`; who looks at
    the case is told nothing.
    """
    if outgoing.is_watched(case):
        return
    with translation.override(case.member.language):
        known = {
            "number": case.number,
            "subject": case.subject,
            **{name: str(value) for name, value in names.items()},
        }
        notify(
            member=case.member,
            kind=f"case.{kind}",
            key=f"case:{case.pk}:{case.version}:{kind}",
            title=str(title) % known,
            body=str(body) % known if isinstance(body, Promise) else body,
            path=page(case.merged_into_id or case.pk),
            send=to_others or not (kind in outgoing.SAYS_IT and outgoing.reaches(case)),
            at=at,
        )


def page(case: int) -> str:
    """Give the portal's page of a case."""
    return f"/portal/cases/{case}/"


def case_of_page(path: str) -> int | None:
    """Give the case whose page it is; None when it is another page."""
    found = PAGE.fullmatch(path)
    return int(found[1]) if found else None
