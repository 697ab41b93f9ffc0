"""Looking at a member's contacts, which is put on record."""

from datetime import datetime

from django.db import transaction

from config.common.events import record
from config.common.models import User
from feedback.models import Case


@transaction.atomic
def reveal_contacts(*, case: Case, actor: User, at: datetime) -> Case:
    """Note in the case's timeline that somebody looked at the member's phone number and e-mail address."""
    record("case.contacts_seen", case, actor=actor, at=at)
    return case
