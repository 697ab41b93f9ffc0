"""Reports for screens: which somebody may read, and what was corrected since."""

from django.db.models import Q, QuerySet

from config.common.models import User
from feedback.models import Department
from feedback.org.queries import department_ids
from kpis.boards.figures import Where, figures
from kpis.boards.periods import Days
from kpis.deadlines.people import with_right
from kpis.metrics.rules import Figure
from kpis.models import Correction, Dimension, MetricCode, Report
from kpis.reports.rules import FIGURES
from kpis.snapshots.queries import SEE_COMPANY

VIEW, NOTE, READERS = "kpis.view_report", "kpis.add_reportnote", "kpis.change_reportreader"


def seen_by(user: User) -> QuerySet[Report]:
    """The reports that somebody may read: their departments', and the company's with the right to see it."""
    if not (user.is_active and user.has_perm(VIEW)):
        return Report.objects.none()
    seen = Q(department__in=department_ids(user))
    if user.has_perm(SEE_COMPANY):
        seen |= Q(department=None)
    return Report.objects.filter(seen)


def may_read(user: User, department: Department | None) -> bool:
    """Whether somebody may read the reports of a department; without one, those of the company."""
    if not (user.is_active and user.has_perm(VIEW)):
        return False
    if department is None:
        return user.has_perm(SEE_COMPANY)
    return department.pk in department_ids(user)


def able_to_read(department: Department | None) -> QuerySet[User]:
    """Whom to choose from who reads or decides; of a department's reports `may_read` has the last word."""
    found = with_right(VIEW)
    if department is None:
        found = found.filter(pk__in=with_right(SEE_COMPANY).values("pk"))
    return found.order_by("name", "pk")


def listed(user: User) -> QuerySet[Report]:
    """The same for a list, the newest first, without what they hold."""
    return seen_by(user).select_related("department").defer("content").order_by("-first", "-pk")


def changed(report: Report) -> list[MetricCode]:
    """Its figures that read otherwise by now: late facts came in, or a closed day was corrected."""
    days, department = Days(report.first, report.last), report.department_id
    now = figures(FIGURES[report.kind], days, Where(None if department is None else (department,)))
    kept = {one["metric"]: Figure(**one["now"]) for one in report.content["figures"]}
    found = {code for code, told in now.items() if code in kept and _differ(kept[code], told.now)}
    place = {"dimension": Dimension.WHOLE, "key": ""}
    if department is not None:
        place = {"dimension": Dimension.DEPARTMENT, "key": str(department)}
    rows = Correction.objects.filter(
        **place, day__range=(report.first, report.last), found_at__gt=report.made_at, metric__in=kept
    )
    found |= {MetricCode(one) for one in rows.order_by().values_list("metric", flat=True).distinct()}
    return sorted(found)


def _differ(kept: Figure, now: Figure) -> bool:
    """Whether another number was measured; the interval follows from how it is reckoned, too."""
    return (kept.n, kept.value) != (now.n, now.value)
