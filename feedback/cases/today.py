"""What an agent has done today."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from config.common.events import reference
from config.common.models import Event, User


@dataclass(frozen=True, slots=True)
class Today:
    """The clocks that an agent met today, and how many of them in time."""

    met: int
    in_time: int

    @property
    def percent(self) -> int | None:
        """The attainment; None when nothing was met yet, never 0 for that."""
        return round(100 * self.in_time / self.met) if self.met else None


def today_of(user: User, at: datetime) -> Today:
    """What this person's replies and resolutions since midnight were worth, by the index `event_kind_at`."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = Event.objects.filter(kind="clock.met", at__gte=midnight, actor=reference(user))
    found = mine.aggregate(met=Count("pk"), late=Count("pk", filter=Q(data__late=True)))
    return Today(found["met"], found["met"] - found["late"])
