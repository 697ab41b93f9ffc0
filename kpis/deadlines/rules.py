"""When the rungs of a due day are due. Pure."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from kpis.models import Step

SHARE_BEFORE_WARNING = 0.8
LATER = {Step.BREACH: timedelta(), Step.LEAD: timedelta(days=1), Step.SUPERVISORS: timedelta(days=3)}


def ends_at(due_on: date) -> datetime:
    """When a due day is over."""
    return timezone.make_aware(datetime.combine(due_on + timedelta(1), time()))


def ladder(since: datetime, ends: datetime) -> list[tuple[Step, datetime]]:
    """When each rung is due: at 80 % of the time, when it is over, a day after, three days after."""
    warning = since + (ends - since) * SHARE_BEFORE_WARNING
    return [(Step.WARNING, warning), *((step, ends + later) for step, later in LATER.items())]
