"""What people say of a report, and decide on it: a decision is somebody's until a day, with a ladder."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from kpis.deadlines.given import coming_day, text_of
from kpis.models import Report, ReportNote
from kpis.models.report import NOTED
from kpis.reports.deadline import DEADLINE, tell_owner
from kpis.reports.queries import NOTE, may_read, seen_by


@transaction.atomic
def note(
    *,
    report_id: int,
    text: str,
    owner: User | None = None,
    due_on: date | None = None,
    actor: User,
    at: datetime,
) -> ReportNote:
    """Comment on a report; with an owner and a day it is a decision: its clock starts, its owner is told.

    Raises:
        NotFound: there is no such report that this person may read.
        NotPermitted: this person may not comment.
        Invalid: no text, only one of both, the owner may not read the report, or the day is past.
    """
    report = _seen(report_id, actor)
    if not actor.has_perm(NOTE):
        raise NotPermitted
    if (owner is None) is not (due_on is None):
        raise Invalid(_("A decision has an owner and a day."), field="owner")
    if owner is not None and not (owner.is_staff and may_read(owner, report.department)):
        raise Invalid(_("This colleague may not read this report."), field="owner")
    made = ReportNote(
        report=report,
        text=text_of(text, NOTED, "text"),
        at=at,
        by=actor,
        owner=owner,
        due_on=coming_day(due_on, at, "due_on") if due_on else None,
    )
    made.warn_at = DEADLINE.next_at(made, at)
    made.save(force_insert=True)
    record("report.noted", report, actor=actor, at=at, note=made.pk, decision=owner is not None)
    if owner is not None and owner != actor:
        tell_owner(made, at=at)
    return made


@transaction.atomic
def done(*, report_id: int, note_id: int, actor: User, at: datetime) -> ReportNote:
    """Note that a decision was carried out: its owner, or whoever may comment. Again changes nothing.

    Raises:
        NotFound: there is no such decision that this person may read.
        NotPermitted: it is somebody else's.
    """
    report = _seen(report_id, actor)
    found = report.notes.select_for_update(no_key=True).filter(pk=note_id, owner__isnull=False).first()
    if found is None:
        raise NotFound
    if actor.pk != found.owner_id and not actor.has_perm(NOTE):
        raise NotPermitted
    if found.done_at is None:
        found.done_at, found.done_by, found.warn_at = at, actor, None
        found.save(update_fields=["done_at", "done_by", "warn_at"])
        record("report.done", report, actor=actor, at=at, note=found.pk)
    return found


def _seen(report_id: int, actor: User) -> Report:
    found = seen_by(actor).select_related("department").filter(pk=report_id).first()
    if found is None:
        raise NotFound
    return found
