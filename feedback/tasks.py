"""What beat wakes. Each task only looks at what is due in the database: lost or repeated, it does no harm."""

from celery import shared_task
from django.utils import timezone

from feedback.cases import commands as cases


@shared_task(name="feedback.close_silent_cases")
def close_silent_cases() -> None:
    """Close the resolved cases that their members have said nothing more about."""
    while cases.close_silent(at=timezone.now()):
        pass
