"""What workers do for this app."""

from celery import shared_task
from django.utils import timezone

from compensation.coupons import commands as coupons
from compensation.ledger import alarm, expiry
from compensation.members import commands as members
from compensation.points import ending
from compensation.tiers import reviewing


@shared_task(name="compensation.forget_sign_ins")
def forget_sign_ins() -> None:
    """Drop old sign-in codes, sessions and counts."""
    members.forget(at=timezone.now())


@shared_task(name="compensation.expire_coupons")
def expire_coupons() -> None:
    """End reservations and coupons whose time is over, in steps that each commit."""
    while coupons.lapse_due(at=timezone.now()):
        pass
    while coupons.expire_due(at=timezone.now()):
        pass


@shared_task(name="compensation.review_tiers")
def review_tiers() -> None:
    """Warn members before their tiers end, and decide on those whose end has come."""
    while reviewing.warn_due(at=timezone.now()):
        pass
    while reviewing.review_due(at=timezone.now()):
        pass


@shared_task(name="compensation.expire_points")
def expire_points() -> None:
    """Expire points whose time is over, in steps that each commit."""
    while expiry.expire_due(at=timezone.now()):
        pass


@shared_task(name="compensation.warn_of_ending_points")
def warn_of_ending_points() -> None:
    """Tell members in time that points of theirs end."""
    while ending.warn_due(at=timezone.now()):
        pass


@shared_task(name="compensation.check_ledger")
def check_ledger() -> None:
    """Recompute the ledger and raise the alarm at the first difference."""
    alarm.check(at=timezone.now())
