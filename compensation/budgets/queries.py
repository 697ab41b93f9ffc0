"""How budgets stand."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import BooleanField, Case, F, QuerySet, Value, When

from compensation.models import Budget, Grant


def listed(at: datetime) -> QuerySet[Budget]:
    """All budgets, those in force first, then by how late they end."""
    running = Case(
        When(starts_at__lte=at, ends_at__gt=at, then=Value(value=True)),
        default=Value(value=False),
        output_field=BooleanField(),
    )
    return Budget.objects.annotate(is_running=running, taken=F("reserved_fen") + F("spent_fen")).order_by(
        "-is_running", "-ends_at", "department", "reason_code"
    )


def overlapping(budget: Budget) -> QuerySet[Budget]:
    """Other budgets for the same department and reason at the same time: there must be none."""
    same = Budget.objects.filter(department=budget.department, reason_code=budget.reason_code)
    return same.filter(starts_at__lt=budget.ends_at, ends_at__gt=budget.starts_at).exclude(pk=budget.pk)


def of_grants(grants: Iterable[Grant], at: datetime) -> dict[int, Budget]:
    """The budget that each grant would take from at that moment, by the grant's key; one query."""
    running = {
        (one.department, one.reason_code): one
        for one in Budget.objects.filter(starts_at__lte=at, ends_at__gt=at)
    }
    found = {}
    for grant in grants:
        department, reason = grant.department, grant.reason_code
        for key in ((department, reason), (department, ""), ("", reason), ("", "")):
            if key in running:
                found[grant.pk] = running[key]
                break
    return found
