"""From which day on all raw events are still there."""

from datetime import date, datetime, timedelta

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Max, Value
from django.utils import timezone

from config.common import retention
from config.common.retention_models import RetentionRun

KIND = "behaviour"


def kept_since(at: datetime) -> date:
    """The first day of which no raw event was let go of, whatever period held when; earlier days stay."""
    due = at - timedelta(days=retention.periods()[KIND])
    before = ExpressionWrapper(
        F("started_at") - F("days") * Value(timedelta(days=1), DurationField()), DateTimeField()
    )
    runs = RetentionRun.objects.filter(code=KIND, is_dry=False)
    gone = runs.aggregate(gone=Max(before))["gone"]
    return timezone.localdate(max(due, gone) if gone else due) + timedelta(1)
