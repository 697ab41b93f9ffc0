"""What workers do for this app."""

from celery import shared_task
from django.utils import timezone

from compensation.batches import running
from compensation.budgets import telling as budgets
from compensation.care import acting, finding
from compensation.coupons import commands as coupons
from compensation.finance import watching
from compensation.ledger import alarm, expiry
from compensation.members import commands as members
from compensation.models import Segment
from compensation.points import ending
from compensation.refunds import alarm as refund_alarm
from compensation.refunds import sending, starting
from compensation.segments import commands as segments
from compensation.segments import figures
from compensation.signals import commands as signals
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
    reviewing.warn_due(at=timezone.now())
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
    watching.check(at=timezone.now())
    watching.check_books(at=timezone.now())


@shared_task(name="compensation.run_batches")
def run_batches() -> None:
    """Give what was approved to the next members of every batch that runs; several workers share them."""
    running.run_all(now=timezone.now)


@shared_task(name="compensation.make_refunds")
def make_refunds() -> None:
    """Make the refunds of what was cancelled before it was shipped, and of what came back."""
    while starting.start_due(at=timezone.now()):
        pass


@shared_task(name="compensation.follow_refunds")
def follow_refunds() -> None:
    """Ask what became of refunds, and report the late ones."""
    sending.ask_due(at=timezone.now())
    refund_alarm.overdue(at=timezone.now())


@shared_task(name="compensation.follow_figures")
def follow_figures() -> None:
    """Bring the figures of members up to date with their orders and with the passing of days."""
    figures.catch_up(at=timezone.now())
    while figures.refresh_stale(at=timezone.now()):
        pass


@shared_task(name="compensation.count_segments")
def count_segments() -> None:
    """Count the segments for their list."""
    for segment_id in Segment.objects.values_list("pk", flat=True):
        segments.recount(segment_id=segment_id, at=timezone.now())


@shared_task(name="compensation.find_care")
def find_care() -> None:
    """Write down the occasions of the care programme."""
    finding.find(at=timezone.now())


@shared_task(name="compensation.act_care")
def act_care() -> None:
    """Carry out what the care programme has to do by now, in steps that each commit."""
    while acting.act_due(at=timezone.now()):
        pass


@shared_task(name="compensation.roll_up_ledger")
def roll_up_ledger() -> None:
    """Add the ledger up by day, and hold the sums against the balances."""
    watching.keep_up(at=timezone.now())


@shared_task(name="compensation.measure_signals")
def measure_signals() -> None:
    """Measure anew from where on claims are unusual."""
    signals.measure(at=timezone.now())


@shared_task(name="compensation.check_budgets")
def check_budgets() -> None:
    """Recompute budgets and caps and raise the alarm at the first difference."""
    budgets.check(at=timezone.now())
