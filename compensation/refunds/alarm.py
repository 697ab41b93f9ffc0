"""Telling finance of refunds that want a person: late, failed, or contradicted by the gateway."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.models import OPEN_REFUNDS, RefundOrder, RefundStatus
from config.common import limits
from config.common.events import Happening, record, record_all
from config.common.mail import tell_staff
from config.common.models import User
from config.common.money import display

WATCHES = "compensation.settle_grant"
SHOWN, HOUR = 50, timedelta(hours=1)
LATE = _("Refunds are late: %(count)s")
FAILED = _("A refund has failed")
AGAIN = _("A refund was paid a second time")
CONTRADICTED = _("The gateway contradicts itself about a refund")
logger = logging.getLogger(__name__)


@transaction.atomic
def overdue(*, at: datetime) -> int:
    """Report all refunds that have not ended in time, each once, in one letter.

    At most a letter an hour: what is late by then is in the next one.
    """
    late = list(
        RefundOrder.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(status__in=OPEN_REFUNDS, due_at__lte=at, alerted_at=None)
        .order_by("due_at", "pk")
    )
    if not late or limits.hit("refunds:overdue", per=HOUR, at=at).count > 1:
        return 0
    RefundOrder.objects.filter(pk__in=[one.pk for one in late]).update(alerted_at=at)
    record_all(Happening("refund.overdue", one, at) for one in late)
    _write(late, key=f"overdue:{at:%Y%m%d%H%M%S}", subject=LATE, at=at)
    return len(late)


def failed(refund: RefundOrder, *, at: datetime) -> None:
    """Tell that a refund failed: it can be tried again, or paid otherwise."""
    _write([refund], key=f"failed:{refund.pk}", subject=FAILED, at=at)


def contradicted(refund: RefundOrder, *, said: str, reference: str = "", at: datetime) -> None:
    """Tell that somebody says otherwise than was said before; it stays as it was."""
    logger.critical("refund %s is %s here, but was said to be %s", refund.number, refund.status, said)
    record("refund.contradicted", refund, actor=None, at=at, said=said, reference=reference)
    subject = AGAIN if refund.status == RefundStatus.CONFIRMED and reference else CONTRADICTED
    _write([refund], key=f"contradicted:{refund.pk}:{said}:{reference}", subject=subject, at=at)


def _write(refunds: Sequence[RefundOrder], *, key: str, subject: str | Promise, at: datetime) -> None:
    """Write to everybody who settles refunds."""
    with translation.override(settings.LANGUAGE_CODE):
        title = str(subject) % {"count": len(refunds)}
    lines = [_line(one) for one in refunds[:SHOWN]]
    backend = settings.AUTHENTICATION_BACKENDS[-1]
    for user in User.objects.with_perm(WATCHES, backend=backend).exclude(email=""):
        tell_staff(user=user, key=f"refund:{key}:{user.pk}", subject=title, body="\n".join(lines), at=at)


def _line(refund: RefundOrder) -> str:
    """A refund in a line: its number, its amount, and what became of it."""
    told = [refund.number, display(refund.amount_fen), refund.failure]
    if refund.other_reference:
        told += [refund.reference, refund.other_reference]
    return "  ".join(filter(None, told))
