"""Reports are made once, told once, commented on; decisions taken on them have an owner and a day."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.events import record
from config.common.mail import tell_staff
from config.common.models import User
from feedback.models import Department
from feedback.org.queries import department_ids
from kpis.boards.periods import Days
from kpis.deadlines.given import coming_day, day_of, text_of
from kpis.models import Report, ReportKind, ReportNote, ReportReader
from kpis.models.report import NOTED
from kpis.reports.content import gather
from kpis.reports.queries import NOTE, READERS, VIEW, seen_by
from kpis.reports.rules import periods_due
from kpis.snapshots.queries import SEE_COMPANY


def due(today: date) -> Iterator[tuple[ReportKind, Days, Department | None]]:
    """The reports that are not made yet of the periods since the newest one, the oldest first."""
    for kind in ReportKind:
        newest = Report.objects.filter(kind=kind).aggregate(Max("first"))["first__max"]
        wanted: list[Department | None] = [None]
        if kind == ReportKind.WEEKLY:
            wanted = list(Department.objects.filter(is_active=True).order_by("pk"))
        for days in periods_due(kind, today, newest):
            rows = Report.objects.filter(kind=kind, first=days.first)
            made = set(rows.values_list("department", flat=True))
            for one in wanted:
                if (one.pk if one else None) not in made:
                    yield kind, days, one


@transaction.atomic
def make(*, kind: str, days: Days, department: Department | None, at: datetime) -> Report | None:
    """Make a report and tell its readers. None where it was made before, whoever else makes it just now.

    Raises:
        Invalid: its period is not over.
    """
    if days.last >= day_of(at):
        raise Invalid(_("This period is not over yet."))
    report = Report(
        kind=kind, department=department, first=days.first, last=days.last, made_at=at,
        content=gather(kind, days, department),
    )  # fmt: skip
    try:
        with transaction.atomic():
            report.save(force_insert=True)
    except IntegrityError:  # report_once
        return None
    record("report.made", report, actor=None, at=at, of=kind, first=f"{days.first}")
    for reader in ReportReader.objects.filter(kind=kind, department=department).select_related("user"):
        _tell(report, reader.user, at)
    return report


def _tell(report: Report, user: User, at: datetime) -> None:
    """By letter, which names no figure: those stay where they are read by right."""
    if not seen_by(user).filter(pk=report.pk).exists():
        return
    given = {"report": report.get_kind_display(), "first": report.first, "last": report.last}
    tell_staff(
        user=user,
        key=f"report:{report.pk}:{user.pk}",
        subject=_("%(report)s, %(first)s – %(last)s") % given,
        body=_("Report %(number)s has been made. Sign in to read it as page, PDF or workbook.")
        % {"number": report.pk},
        at=at,
    )


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
    """Comment on a report; with an owner and a day it is a decision.

    Raises:
        NotFound: there is no such report that this person may read.
        NotPermitted: this person may not comment.
        Invalid: no text, only one of both, the owner has left, or the day is past.
    """
    report = _seen(report_id, actor)
    if not actor.has_perm(NOTE):
        raise NotPermitted
    if (owner is None) is not (due_on is None):
        raise Invalid(_("A decision has an owner and a day."), field="owner")
    if owner is not None and not (owner.is_active and owner.is_staff):
        raise Invalid(_("This colleague can't take it on."), field="owner")
    made = ReportNote.objects.create(
        report=report,
        text=text_of(text, NOTED, "text"),
        at=at,
        by=actor,
        owner=owner,
        due_on=coming_day(due_on, at, "due_on") if due_on else None,
    )
    record("report.noted", report, actor=actor, at=at, note=made.pk, decision=owner is not None)
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
        found.done_at, found.done_by = at, actor
        found.save(update_fields=["done_at", "done_by"])
        record("report.done", report, actor=actor, at=at, note=found.pk)
    return found


@transaction.atomic
def taken(*, report: Report, form: str, actor: User, at: datetime) -> None:
    """Put on record who took a report out as a file."""
    record("report.taken", report, actor=actor, at=at, form=form)


@transaction.atomic
def subscribe(
    *, kind: str, department: Department | None, user: User, is_on: bool, actor: User, at: datetime
) -> None:
    """Put a colleague on the list of a report's readers, or take them off. The same again changes nothing.

    Raises:
        NotPermitted: this person may not, nor is it for themselves.
        Invalid: there is no such report, or the colleague could not read it.
    """
    if actor.pk != user.pk and not actor.has_perm(READERS):
        raise NotPermitted
    if kind not in ReportKind.values or (kind == ReportKind.WEEKLY) is not (department is not None):
        raise Invalid(_("There is no such report."))
    row: dict[str, Any] = {"kind": kind, "department": department, "user": user}
    if not is_on:
        changed = bool(ReportReader.objects.filter(**row).delete()[0])
    elif not _may_read(user, department):
        raise Invalid(_("This colleague may not read this report."), field="user")
    else:
        changed = ReportReader.objects.get_or_create(**row)[1]
    if changed:
        record("report.readers", user, actor=actor, at=at, of=kind, on=is_on)


def _may_read(user: User, department: Department | None) -> bool:
    if not user.has_perm(VIEW):
        return False
    if department is None:
        return user.has_perm(SEE_COMPANY)
    return department.pk in department_ids(user)


def _seen(report_id: int, actor: User) -> Report:
    found = seen_by(actor).filter(pk=report_id).first()
    if found is None:
        raise NotFound
    return found
