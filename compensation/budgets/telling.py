"""Telling those who own a budget that it runs low or is used up, once each; and when the sums are wrong."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compensation.budgets.check import Difference, differences
from compensation.budgets.stops import line
from compensation.models import Budget
from config.common.events import record
from config.common.mail import tell_staff
from config.common.models import User
from config.common.money import display

KEEPS = "compensation.change_budget"
SHOWN = 20
logger = logging.getLogger(__name__)


def tell_if_low(budget: Budget, *, at: datetime) -> None:
    """Tell that a budget is low, or that nothing is left. The caller holds the budget."""
    if budget.left_fen <= 0:
        tell_empty(budget, at=at)
    elif budget.is_low and budget.low_told_at is None:
        budget.low_told_at = at
        budget.save(update_fields=["low_told_at"])
        record("budget.low", budget, actor=None, at=at, left_fen=budget.left_fen)
        with translation.override(settings.LANGUAGE_CODE):
            _tell(budget, "low", _("The budget for %(line)s is running low"), at)


def tell_empty(budget: Budget, *, at: datetime) -> None:
    """Tell that a budget is used up, or that something did not fit in any more."""
    if not Budget.objects.filter(pk=budget.pk, empty_told_at=None).update(empty_told_at=at, low_told_at=at):
        return
    budget.low_told_at = budget.empty_told_at = at
    record("budget.empty", budget, actor=None, at=at, left_fen=budget.left_fen)
    with translation.override(settings.LANGUAGE_CODE):
        _tell(budget, "empty", _("The budget for %(line)s is used up"), at)


def owners_of(budget: Budget) -> list[User]:
    """Who is told about a budget: its owners, else whoever may change budgets."""
    own = list(budget.owners.filter(is_active=True))
    backend = settings.AUTHENTICATION_BACKENDS[-1]
    return own or list(User.objects.with_perm(KEEPS, backend=backend))


def _tell(budget: Budget, what: str, subject: str, at: datetime) -> None:
    """Write the letters, in the house's language."""
    body = _(
        "Left: %(left)s of %(amount)s (reserved %(reserved)s, spent %(spent)s), until %(day)s. "
        "Grants that do not fit in wait for an approver."
    ) % {
        "left": display(budget.left_fen),
        "amount": display(budget.amount_fen),
        "reserved": display(budget.reserved_fen),
        "spent": display(budget.spent_fen),
        "day": f"{timezone.localtime(budget.ends_at):%Y-%m-%d %H:%M}",
    }
    for user in owners_of(budget):
        if user.email:
            tell_staff(
                user=user,
                key=f"budget:{budget.pk}:{what}:{at:%Y%m%d%H%M%S%f}:{user.pk}",
                subject=subject % {"line": line(budget.department, budget.reason_code)},
                body=body,
                at=at,
            )


@transaction.atomic
def check(*, at: datetime) -> list[Difference]:
    """Recompute budgets and caps; write what differs to the event log and tell whoever may change budgets.

    They get one letter a day, whatever the number of passes.
    """
    found = list(differences())
    if not found:
        return []
    logger.critical("budgets or caps differ from their grants in %d places: %s", len(found), found[:SHOWN])
    for one in found:
        data = {"what": one.what, "says": one.says, "should": one.should}
        record("budget.differs", Budget(pk=one.pk), actor=None, at=at, **data)
    lines = "\n".join(f"{one.what} {one.pk}: {one.says} ≠ {one.should}" for one in found[:SHOWN])
    backend = settings.AUTHENTICATION_BACKENDS[-1]
    with translation.override(settings.LANGUAGE_CODE):
        for user in User.objects.with_perm(KEEPS, backend=backend).exclude(email=""):
            tell_staff(
                user=user,
                key=f"budgets:{at:%Y%m%d}:{user.pk}",
                subject=_("Budgets or caps do not agree with their grants"),
                body=lines,
                at=at,
            )
    return found
