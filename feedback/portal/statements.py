"""What we say in public about a crisis, on the portal's pages."""

from datetime import datetime

from compensation.models import Member
from compensation.portal.panels import Panel
from feedback.crises import queries, statements
from feedback.models import Case, Statement


def home(_member: Member, _at: datetime) -> Panel:
    """What is published, on the first page."""
    return Panel("portal/statements.html", {"statements": statements.public()})


def affecting(case: Case) -> Statement | None:
    """What is said about the crisis that a case is in."""
    return queries.said_to([case]).get(case.pk)
