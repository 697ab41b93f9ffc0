"""The clock of decisions on reports: who is told when one is soon due, due and late."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.common.models import User
from kpis.deadlines import people
from kpis.deadlines.sweeping import Deadline
from kpis.models import ReportNote, Step
from kpis.reports.queries import NOTE, seen_by

YOURS = _("Decision %(number)s on a report is yours until %(due)s")


def _people(note: ReportNote, step: Step) -> list[User]:
    """Who is told at a rung: the owner; the department's leads; others who may decide on this report.

    The company's reports have no leads: there it is who took the decision.
    """
    if step in {Step.WARNING, Step.BREACH}:
        return _readers(note, [note.owner] if note.owner else [])
    department = note.report.department_id
    leads = [note.by] if department is None else people.leads_at(department)
    if step == Step.LEAD:
        return _readers(note, leads)
    above = (
        list(people.with_right(NOTE).order_by("pk"))
        if department is None
        else people.above_with(department, NOTE)
    )
    return _readers(note, [one for one in above if one not in leads])


def _readers(note: ReportNote, users: list[User]) -> list[User]:
    """Those of them who may read its report: a letter leads nobody to a closed door."""
    return [one for one in users if seen_by(one).filter(pk=note.report_id).exists()]


DEADLINE = Deadline(
    name="reportnote",
    model=ReportNote,
    is_running=lambda one: one.done_at is None,
    since=lambda one: one.at,
    people=_people,
    page=lambda one: f"/admin/reports/{one.report_id}/",
    titles={
        Step.WARNING: _("Decision %(number)s on a report is due soon: %(due)s"),
        Step.BREACH: _("Decision %(number)s on a report was due: %(due)s"),
        Step.LEAD: _("Decision %(number)s on a report is late: %(due)s"),
        Step.SUPERVISORS: _("Decision %(number)s on a report is late, and its leads were told: %(due)s"),
    },
)


def tell_owner(note: ReportNote, *, at: datetime) -> None:
    """Tell the owner that it is theirs."""
    DEADLINE.tell(note, [note.owner] if note.owner else [], "owner", YOURS, at)
