"""Improvements for screens: the list, and one with its causes and what they rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.utils.translation import pgettext_lazy

from config.common.models import User
from kpis.history import history
from kpis.improvements import seeing
from kpis.improvements.held import visible_to
from kpis.improvements.seeing import FIGURE
from kpis.metrics.naming import names
from kpis.models import Dimension, Ground, Improvement, Why
from kpis.models.improvement import WORKED

HAPPENED = {
    "improvement.proposed": pgettext_lazy("improvement", "proposed"),
    "improvement.edited": pgettext_lazy("improvement", "said anew"),
    "improvement.accepted": pgettext_lazy("improvement", "accepted"),
    "improvement.entrusted": pgettext_lazy("improvement", "entrusted anew"),
    "improvement.why": pgettext_lazy("improvement", "a why added"),
    "improvement.why_removed": pgettext_lazy("improvement", "a why taken away"),
    "improvement.root": pgettext_lazy("improvement", "a root cause marked or unmarked"),
    "improvement.evidence": pgettext_lazy("improvement", "evidence added"),
    "improvement.evidence_removed": pgettext_lazy("improvement", "evidence taken away"),
    "improvement.task": pgettext_lazy("improvement", "a task added"),
    "improvement.task_done": pgettext_lazy("improvement", "a task done"),
    "improvement.task_removed": pgettext_lazy("improvement", "a task taken away"),
    "improvement.started": pgettext_lazy("improvement", "begun"),
    "improvement.carried_out": pgettext_lazy("improvement", "carried out"),
    "improvement.checked": pgettext_lazy("improvement", "checked"),
    "improvement.closed": pgettext_lazy("improvement", "closed"),
    "improvement.dropped": pgettext_lazy("improvement", "dropped"),
    "improvement.reopened": pgettext_lazy("improvement", "reopened"),
    "improvement.worded": pgettext_lazy("improvement", "words to members written"),
    "improvement.telling": pgettext_lazy("improvement", "members are being told"),
    "improvement.told": pgettext_lazy("improvement", "members were told"),
}
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


def history_of(improvement: Improvement) -> list[tuple[str, datetime, str]]:
    """What happened to it, the newest first: what, when, and who did it, if somebody did."""
    return history(improvement, HAPPENED)


@dataclass(frozen=True, slots=True)
class Branch:
    """A why with its evidence that somebody may read, and how much they may not; `depth` from 0.

    Evidence is what was noted, what kind of thing it is, and the row; of a figure what its key is called.
    """

    why: Why
    depth: int
    evidence: Sequence[tuple[Ground, str, Any]]
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
    called = _called(grounds)
    found: list[Branch] = []

    def told(ground: Ground) -> tuple[Ground, str, Any]:
        source = seeing.source_of(ground)
        row = called.get((ground.dimension, ground.key)) if source == FIGURE else getattr(ground, source)
        return ground, source, row or ""

    def walk(parent: int | None, depth: int) -> None:
        for why in below.get(parent, []):
            own = [one for one in grounds if one.why_id == why.pk]
            shown = [told(one) for one in own if one.pk in seen]
            found.append(Branch(why, depth, shown, len(own) - len(shown)))
            walk(why.pk, depth + 1)

    walk(None, 0)
    return found


def _called(grounds: Sequence[Ground]) -> dict[tuple[str, str], str]:
    """What the keys of figures are called. A query a dimension."""
    keys: dict[str, set[str]] = {}
    for one in grounds:
        if one.key:
            keys.setdefault(one.dimension, set()).add(one.key)
    return {
        (dimension, key): name
        for dimension, some in keys.items()
        for key, name in names(Dimension(dimension), some).items()
    }
