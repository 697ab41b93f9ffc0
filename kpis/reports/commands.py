"""Reports are made once and told once, to those on the list of their readers."""

import logging
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from config.common.errors import Invalid, NotPermitted
from config.common.events import record
from config.common.mail import tell_staff
from config.common.models import User
from feedback.models import Department
from kpis.boards.periods import Days
from kpis.deadlines.given import day_of
from kpis.models import Report, ReportKind, ReportReader
from kpis.reports.content import gather
from kpis.reports.queries import READERS, may_read, seen_by
from kpis.reports.rules import periods_due
from kpis.snapshots.commands import take, untaken

log = logging.getLogger(__name__)


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


def make_due(*, clock: Callable[[], datetime], until: datetime) -> None:
    """Make what is due, until a moment; what is not done by then is next time's.

    The figures of its days are taken first, where they were not since a day was over. What fails is logged,
    and holds up no other report.
    """
    for kind, days, department in due(day_of(clock())):
        try:
            for day in untaken(days.first, days.last):
                if clock() >= until:
                    return
                take(first=day, last=day, at=clock())
            make(kind=kind, days=days, department=department, at=clock())
        except Exception:
            log.exception("the %s report of %s could not be made", kind, days.first)


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
    elif not may_read(user, department):
        raise Invalid(_("This colleague may not read this report."), field="user")
    else:
        changed = ReportReader.objects.get_or_create(**row)[1]
    if changed:
        record("report.readers", user, actor=actor, at=at, of=kind, on=is_on)
