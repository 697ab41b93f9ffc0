"""Improvements for screens: the list, and one with its causes and what they rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When

from config.common.models import User
from kpis.improvements import seeing
from kpis.improvements.held import visible_to
from kpis.models import Ground, Improvement, Why
from kpis.models.improvement import WORKED

GROUNDS = ("case", "gap__order", "review", "need")


def listed(user: User, *, today: date, narrow: Mapping[str, Any]) -> QuerySet[Improvement]:
    """What somebody may see, what is late first, then the newest."""
    late = Q(status__in=WORKED, due_on__lt=today)
    return (
        visible_to(user)
        .filter(**narrow)
        .select_related("department", "owner")
        .annotate(
            is_late=Case(When(late, then=Value(True)), default=Value(False), output_field=BooleanField())
        )
        .order_by("-is_late", "-pk")
    )


@dataclass(frozen=True, slots=True)
class Branch:
    """A why with its evidence that somebody may read, and how much they may not; `depth` from 0."""

    why: Why
    depth: int
    grounds: Sequence[Ground]
    withheld: int


def tree(improvement: Improvement, user: User) -> list[Branch]:
    """The whys of an improvement from the top down, each after the one that it explains."""
    whys = list(improvement.whys.order_by("position", "pk"))
    grounds = list(
        Ground.objects.filter(why__improvement=improvement).select_related(*GROUNDS).order_by("pk")
    )
    seen = seeing.readable(grounds, user)
    below: dict[int | None, list[Why]] = {}
    for why in whys:
        below.setdefault(why.parent_id, []).append(why)
    found: list[Branch] = []

    def walk(parent: int | None, depth: int) -> None:
        for why in below.get(parent, []):
            own = [one for one in grounds if one.why_id == why.pk]
            shown = [one for one in own if one.pk in seen]
            found.append(Branch(why, depth, shown, len(own) - len(shown)))
            walk(why.pk, depth + 1)

    walk(None, 0)
    return found
