"""A reply that did not reach the member: everybody would think that it had."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.events import record
from feedback.cases.locking import lock, save
from feedback.cases.rules import clean_text
from feedback.models import Author, Case, Message
from feedback.org.alerts import alert

FAILED = _("A reply of case %(number)s did not reach the member")


@transaction.atomic
def leave_word(case_id: int, text: str, *, at: datetime) -> Case:
    """Write into the case what went wrong, and tell who works on it."""
    case = lock(case_id)
    note = Message.objects.create(
        case=case, author=Author.SYSTEM, is_public=False, body=clean_text(text), at=at
    )
    save(case)
    record("case.reply_failed", case, actor=None, at=at, message=note.pk)
    if case.agent is not None:
        alert(
            users=[case.agent.user],
            case=case,
            kind="case.reply_failed",
            key=f"case:{case.pk}:{case.version}:reply_failed",
            title=FAILED,
            at=at,
        )
    return case
