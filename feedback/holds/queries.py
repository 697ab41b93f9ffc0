"""What is held."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.common.retention import Part
from feedback.models import Case, LegalHold


def in_force(at: datetime) -> QuerySet[LegalHold]:
    """The holds that keep something."""
    return LegalHold.objects.filter(Q(until=None) | Q(until__gt=at), lifted_at=None)


def held(part: Part, at: datetime) -> Q:
    """The rows of a part that belong to a case or member on hold; of a case on hold its member's too."""
    holds = in_force(at)
    found = Q()
    if part.case:
        found |= Q(**{f"{part.case}__in": holds.filter(case__isnull=False).values("case")})
    if part.whose:
        found |= Q(**{f"{part.whose}__in": holds.filter(member__isnull=False).values("member")})
    return found


def of_case(case: Case, at: datetime) -> list[LegalHold]:
    """The holds on a case or on its member."""
    about = Q(case=case) | Q(member=case.member_id)
    return list(in_force(at).filter(about).select_related("placed_by"))


def standing(member_id: int, *, hold: bool) -> Iterator[object]:  # noqa: ARG001 - one signature for all
    """The holds that stand in the way of erasing a member: on them or on a case of theirs."""
    asked = Q(member=member_id) | Q(case__member=member_id)
    now = Q(until=None) | Q(until__gt=Now())
    if LegalHold.objects.filter(asked, now, lifted_at=None).exists():
        yield _("a legal hold")
