"""What may bear a why out and is at hand: what the hot spot or need that an improvement is about rests on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from config.common.models import User
from feedback.gaps import hot_spots
from kpis.improvements import seeing
from kpis.models import Ground, Improvement
from surveys.models import Evidence

WEEKS = 4
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Hand:
    """A row of a source that this person may read and that bears nothing out here yet."""

    source: str
    row: Any

    @property
    def number(self) -> int:
        """What it is noted by."""
        number: int = self.row.pk
        return number


def at_hand(improvement: Improvement, user: User, *, today: date) -> list[Hand]:
    """The gravest gaps of its hot spot in the last four weeks, the newest reviews and cases of its need."""
    found = [*_of_spot(improvement, user, today), *_of_need(improvement, user)]
    return found[:SHOWN]


def _of_spot(improvement: Improvement, user: User, today: date) -> Iterator[Hand]:
    if not improvement.spot_aspect:
        return
    gaps = hot_spots.rows_of(
        improvement.spot_aspect,
        improvement.spot_by,
        improvement.spot_value,
        since=today - timedelta(7 * WEEKS),
        until=today,
    )
    seen = seeing.rows("gap", user).filter(pk__in=gaps.values("pk")).exclude(pk__in=_used(improvement, "gap"))
    for gap in seen.select_related("order").order_by("-severity", "-pk")[:SHOWN]:
        yield Hand("gap", gap)


def _of_need(improvement: Improvement, user: User) -> Iterator[Hand]:
    if improvement.need_id is None:
        return
    said = Evidence.objects.filter(need=improvement.need_id).order_by()
    for source in ("review", "case"):
        named = said.filter(**{f"{source}__isnull": False}).values(source)
        seen = seeing.rows(source, user).filter(pk__in=named).exclude(pk__in=_used(improvement, source))
        for row in seen.order_by("-pk")[:SHOWN]:
            yield Hand(source, row)


def _used(improvement: Improvement, source: str) -> Any:
    grounds = Ground.objects.filter(why__improvement=improvement, **{f"{source}__isnull": False})
    return grounds.values(source)
