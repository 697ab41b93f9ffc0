"""How the uses of playbooks ended: resolved, reopened, how soon, and what members said."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median

from django.db.models import Case as Choice
from django.db.models import Exists, F, OuterRef, QuerySet, When
from django.db.models.functions import Coalesce

from config.common.models import Event
from feedback.models import Case, Playbook, PlaybookUse

RATINGS: list[Callable[[Iterable[int]], Mapping[int, int]]] = []
"""Where apps above say how members rated cases: from case numbers to 1–5 of those that were rated."""


@dataclass(frozen=True, slots=True)
class Row:
    """The uses of one playbook in a time. Shares and means are None where there is nothing to count."""

    playbook: Playbook
    uses: int
    resolved: int
    reopened: int
    to_resolve: timedelta | None
    """The median from the use to the case's resolution, of those that are resolved."""
    rating: float | None
    rated: int

    @property
    def reopened_percent(self) -> int | None:
        """How many of the uses were reopened afterwards."""
        return round(100 * self.reopened / self.uses) if self.uses else None


def rows(visible: QuerySet[Case], *, since: datetime, until: datetime) -> list[Row]:
    """The playbooks with uses in visible cases from `since` to before `until`, the most used first.

    A use counts as reopened when its case was, at any time after it was applied; of a case that was merged
    it counts what became of the one that went on.
    """
    reopened = Event.objects.filter(
        subject_type="case",
        subject_id=OuterRef("goes_on"),
        kind="case.reopened",
        at__gte=OuterRef("applied_at"),
    )
    found = (
        PlaybookUse.objects.filter(applied_at__gte=since, applied_at__lt=until, case__in=visible.values("pk"))
        .annotate(goes_on=Coalesce("case__merged_into", "case"))
        .annotate(reopened=Exists(reopened), resolved_at=_resolved())
        .values_list("playbook", "goes_on", "applied_at", "resolved_at", "reopened")
    )
    uses: dict[int, list[tuple[int, datetime, datetime | None, bool]]] = defaultdict(list)
    for playbook, case, applied_at, resolved_at, again in found:
        uses[playbook].append((case, applied_at, resolved_at, again))
    ratings: dict[int, int] = {}
    for rated in RATINGS:
        ratings.update(rated([case for of_one in uses.values() for case, *_rest in of_one]))
    result = [_row(one, uses[one.pk], ratings) for one in Playbook.objects.filter(pk__in=uses)]
    return sorted(result, key=lambda row: (-row.uses, row.playbook.pk))


def _resolved() -> Choice:
    merged = When(case__merged_into__isnull=False, then=F("case__merged_into__resolved_at"))
    return Choice(merged, default=F("case__resolved_at"))


def _row(
    playbook: Playbook,
    uses: list[tuple[int, datetime, datetime | None, bool]],
    ratings: Mapping[int, int],
) -> Row:
    took = [
        resolved - applied for _case, applied, resolved, _again in uses if resolved and resolved >= applied
    ]
    rated = [ratings[case] for case, *_rest in uses if case in ratings]
    return Row(
        playbook=playbook,
        uses=len(uses),
        resolved=sum(resolved is not None for _case, _applied, resolved, _again in uses),
        reopened=sum(again for *_rest, again in uses),
        to_resolve=timedelta(seconds=median(one.total_seconds() for one in took)) if took else None,
        rating=fmean(rated) if rated else None,
        rated=len(rated),
    )
