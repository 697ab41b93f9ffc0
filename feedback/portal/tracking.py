"""A case as a parcel: the stations that its member sees."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models import Case, CaseStatus


@dataclass(frozen=True, slots=True)
class Station:
    """One station on a case's way."""

    title: str | Promise
    reached_at: datetime | None
    is_here: bool
    is_past: bool


WHERE: dict[str, Promise] = {
    CaseStatus.NEW: _("Received: somebody will look at it"),
    CaseStatus.OPEN: _("We are working on it"),
    CaseStatus.WAITING_MEMBER: _("We need your answer"),
    CaseStatus.WAITING_DEPARTMENT: _("We are asking our colleagues"),
    CaseStatus.RESOLVED: _("Solved? Please tell us"),
    CaseStatus.CLOSED: pgettext_lazy("station", "Closed"),
    CaseStatus.REOPENED: _("Open again: we are looking at it"),
}
"""What each status means to the member."""

SHORT: dict[str, Promise] = {
    CaseStatus.NEW: pgettext_lazy("member", "received"),
    CaseStatus.OPEN: pgettext_lazy("member", "in work"),
    CaseStatus.WAITING_MEMBER: pgettext_lazy("member", "your turn"),
    CaseStatus.WAITING_DEPARTMENT: pgettext_lazy("member", "being checked"),
    CaseStatus.RESOLVED: pgettext_lazy("member", "please confirm"),
    CaseStatus.CLOSED: pgettext_lazy("member", "closed"),
    CaseStatus.REOPENED: pgettext_lazy("member", "open again"),
}
"""The same in a word."""


def stations(case: Case) -> list[Station]:
    """Received, answered, solved, confirmed: when each was reached, and where the case is."""
    way = [
        (pgettext_lazy("station", "Received"), case.opened_at),
        (pgettext_lazy("station", "Answered"), case.first_replied_at),
        (pgettext_lazy("station", "Solved"), case.resolved_at),
        (_last(case), case.closed_at),
    ]
    here = max(number for number, (_title, reached) in enumerate(way) if reached)
    return [
        Station(title, reached, number == here, number < here) for number, (title, reached) in enumerate(way)
    ]


def _last(case: Case) -> Promise:
    silent = case.closed_at and not case.confirmed_at
    return pgettext_lazy("station", "Closed") if silent else pgettext_lazy("station", "Confirmed")
