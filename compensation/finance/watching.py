"""Keeping the sums up, and raising the alarm when they do not agree with the books."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compensation.finance import books, rolling
from compensation.finance.rolling import Difference
from compensation.models import BookProof, LedgerProof, LedgerRun
from config.common.events import record
from config.common.mail import tell_staff
from config.common.models import User

WATCHES = "compensation.view_account"
SHOWN = 20
log = logging.getLogger(__name__)


def keep_up(*, at: datetime) -> LedgerRun | None:
    """Add up once a day, or as soon as much has come; then hold the sums against the balances."""
    last = LedgerRun.objects.filter(is_correction=False).order_by("-upto").first()
    is_new_day = last is None or timezone.localtime(last.at).date() < timezone.localtime(at).date()
    run = rolling.roll_up(at=at, least=1 if is_new_day else rolling.LEAST)
    wrong = [one for one in rolling.prove(at=at) if one.difference]
    if wrong:
        _alarm([f"{one.get_unit_display()}: {one.sums} ≠ {one.balances}" for one in wrong], wrong[0], at=at)
    return run


def check(*, at: datetime) -> list[Difference]:
    """Recompute every sum from its entries; tell those who watch the ledger of what differs."""
    found = list(rolling.differences())
    if found:
        last = LedgerRun.objects.order_by("-upto")[0]
        lines = [
            f"{one.day} {one.unit} {one.flow} {one.kind} {one.cause} {one.department}:"
            f" {one.kept} ≠ {one.should}"
            for one in found[:SHOWN]
        ]
        _alarm(lines, last, at=at)
    return found


def check_books(*, at: datetime) -> list[BookProof]:
    """Recompute what orders, budgets and caps keep; tell those who watch the ledger of what differs."""
    wrong = [one for one in books.prove(at=at) if one.wrong]
    if wrong:
        _alarm([line for one in wrong for line in one.lines], wrong[0], topic="books", at=at)
    return wrong


@transaction.atomic
def _alarm(
    lines: list[str], subject: LedgerProof | LedgerRun | BookProof, *, topic: str = "finance", at: datetime
) -> None:
    log.critical("the sums of the ledger differ: %s", lines)
    record("finance.differs", subject, actor=None, at=at, lines=lines)
    backend = settings.AUTHENTICATION_BACKENDS[-1]
    for user in User.objects.with_perm(WATCHES, backend=backend).exclude(email=""):
        with translation.override(settings.LANGUAGE_CODE):
            tell_staff(
                user=user,
                key=f"{topic}:{at:%Y%m%d}:{user.pk}",
                subject=_("What finance reads does not agree with the ledger"),
                body="\n".join(lines),
                at=at,
            )
