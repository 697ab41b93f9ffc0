"""Raising the alarm when the books do not agree."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from compensation.ledger.check import Difference, differences
from compensation.models import Account, Transaction
from config.common.events import record
from config.common.mail import tell_staff
from config.common.models import User

WATCHES = "compensation.view_account"
SHOWN = 20
logger = logging.getLogger(__name__)


@transaction.atomic
def check(*, at: datetime) -> list[Difference]:
    """Recompute the ledger; write each difference to the event log and the first ones to those who watch it.

    They get one letter a day, whatever the number of passes.
    """
    found = list(differences())
    if not found:
        return []
    logger.critical("the ledger differs from its entries in %d places: %s", len(found), found[:SHOWN])
    for one in found:
        subject = Account(pk=one.account_id) if one.account_id else Transaction(pk=one.found)
        data = {"what": one.what, "found": one.found, "expected": one.expected}
        record("ledger.differs", subject, actor=None, at=at, **data)
    lines = "\n".join(
        f"{one.account_id or '—'}: {one.what}, {one.found} ≠ {one.expected}" for one in found[:SHOWN]
    )
    backend = settings.AUTHENTICATION_BACKENDS[-1]
    for user in User.objects.with_perm(WATCHES, backend=backend).exclude(email=""):
        with translation.override(settings.LANGUAGE_CODE):
            tell_staff(
                user=user,
                key=f"ledger:{at:%Y%m%d}:{user.pk}",
                subject=_("The ledger does not agree with its entries"),
                body=_("Places: %(count)s. The first of them (account: what, found ≠ expected):")
                % {"count": len(found)}
                + f"\n\n{lines}",
                at=at,
            )
    return found
