"""Cards beside a case: who watches it, and whose time its time was."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from config.common.screens import StaffRequest
from feedback.admin.panels import Panel
from feedback.cases.watching import watchers_of
from feedback.handoffs.times import time_by_department
from feedback.models import Case, Department
from feedback.org.queries import colleagues


def watchers(request: StaffRequest, case: Case, _at: datetime) -> Panel | None:
    """Who is told of what matters; colleagues can be added."""
    if not request.user.has_perm("feedback.work_case"):
        return None
    watching = list(watchers_of(case))
    known = {user.pk for user in watching}
    context = {
        "case": case,
        "watchers": watching,
        "others": [
            agent.user
            for agent in colleagues(case.department)
            if agent.user_id not in known and agent.user_id != request.user.pk
        ],
    }
    return Panel(_("Watchers"), "feedback/panels/watchers.html", context)


@dataclass(frozen=True, slots=True)
class Part:
    """A department's part of a case's time; without one, that of the member or others outside."""

    department: Department | None
    time: timedelta
    percent: float


def times(_request: StaffRequest, case: Case, at: datetime) -> Panel | None:
    """How the time of a case that several had was divided, the largest part first."""
    parts = time_by_department(case, at=at)
    if set(parts) <= {case.department_id}:
        return None
    departments = Department.objects.in_bulk([pk for pk in parts if pk is not None])
    whole = sum(parts.values(), timedelta())
    shown = [
        Part(departments.get(pk or 0), time, 100 * (time / whole))
        for pk, time in sorted(parts.items(), key=lambda part: part[1], reverse=True)
    ]
    return Panel(_("Time by department"), "feedback/panels/times.html", {"parts": shown, "whole": whole})
