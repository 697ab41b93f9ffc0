"""What beat wakes."""

from celery import shared_task
from django.utils import timezone

from surveys.invitations import commands as invitations


@shared_task(name="surveys.invite")
def invite() -> None:
    """Invite the members of the cases that were closed since the last pass, in steps that each commit."""
    while invitations.invite_closed_cases(at=timezone.now()):
        pass
