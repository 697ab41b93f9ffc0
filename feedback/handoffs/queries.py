"""What departments were asked."""

from django.db.models import F, QuerySet

from config.common.models import User
from feedback.models import Handoff, HandoffStatus
from feedback.org.queries import departments_of

SHOWN = ("case__member__tier", "case__agent__user", "from_department", "department", "clock", "asked_by")


def incoming(user: User) -> QuerySet[Handoff]:
    """The questions that this person's departments have yet to answer, next due first."""
    return (
        Handoff.objects.filter(department__in=list(departments_of(user)), status=HandoffStatus.OPEN)
        .select_related(*SHOWN)
        .order_by(F("clock__due_at").asc(nulls_last=True), "asked_at", "pk")
    )
