"""What departments were asked."""

from django.db.models import F, FilteredRelation, Q, QuerySet

from config.common.models import User
from feedback.models import Handoff, HandoffStatus, Milestone
from feedback.org.queries import departments_of

SHOWN = ("case__member__tier", "case__agent__user", "from_department", "department", "asked_by")


def incoming(user: User) -> QuerySet[Handoff]:
    """The questions that this person's departments have yet to answer, next due first."""
    return (
        Handoff.objects.filter(department__in=list(departments_of(user)), status=HandoffStatus.OPEN)
        .annotate(
            answering=FilteredRelation("clocks", condition=Q(clocks__milestone=Milestone.HANDOFF)),
        )
        .select_related(*SHOWN)
        .prefetch_related("clocks")
        .order_by(F("answering__due_at").asc(nulls_last=True), "asked_at", "pk")
    )
