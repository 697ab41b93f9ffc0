"""What workers do for this app."""

from celery import shared_task
from django.utils import timezone

from compensation.coupons import commands as coupons
from compensation.members import commands as members


@shared_task(name="compensation.forget_sign_ins")
def forget_sign_ins() -> None:
    """Drop old sign-in codes, sessions and counts."""
    members.forget(at=timezone.now())


@shared_task(name="compensation.expire_coupons")
def expire_coupons() -> None:
    """Expire coupons whose time is over, in steps that each commit."""
    while coupons.expire_due(at=timezone.now()):
        pass
