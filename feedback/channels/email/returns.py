"""Letters of ours that could not be delivered: noted on the case and on the member's address."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from compensation.members.commands import letter_came_back
from compensation.members.masking import masked_email
from feedback.channels.email import bounces, rules, threads
from feedback.channels.email.letters import Letter
from feedback.channels.failing import leave_word
from feedback.models import Case, ChannelMessage, Outcome

RETURNED: list[Callable[[tuple[str, ...], str, str, datetime], bool]] = []
"""Apps above that send letters: told Message-IDs, address, why and when; they say whether it was theirs."""


def take(row: ChannelMessage, letter: Letter, *, at: datetime) -> None:
    """Note in the case what a report says of a letter of ours; any other report is set aside.

    Only what names an address or a Message-ID that nobody can guess counts: a report is easily forged.
    """
    bounce = bounces.read(letter)
    row.outcome, row.reason = Outcome.BOUNCE, bounce.why
    ours = threads.answered_by(bounce.letters)
    case_id = ours.case_id if ours else rules.tagged(*letter.recipients, *bounce.letters)
    case = Case.objects.filter(pk=case_id).first() if case_id else None
    if case is None and bounce.is_final and _told(bounce, at):
        return
    if case is None:
        row.outcome, row.reason = Outcome.SET_ASIDE, f"a report of no letter of ours: {bounce.why}"[:300]
        return
    row.case = case
    if bounce.is_final:
        failed(case, address=ours.recipient if ours else bounce.recipient, why=bounce.why, at=at)
        if ours is not None:
            ChannelMessage.objects.filter(pk=ours.pk).update(outcome=Outcome.FAILED, reason=bounce.why)


def _told(bounce: bounces.Bounce, at: datetime) -> bool:
    """Whether it was a letter of an app above."""
    return any(told(bounce.letters, bounce.recipient, bounce.why, at) for told in RETURNED)


@transaction.atomic
def failed(case: Case, *, address: str, why: str, at: datetime) -> None:
    """Write into the case that a letter did not arrive, tell its agent, and mark the member's address."""
    with translation.override(settings.LANGUAGE_CODE):
        text = _("A letter to %(address)s could not be delivered: %(why)s") % {
            "address": masked_email(address) or "—",
            "why": why or "—",
        }
    case = leave_word(case.pk, text, at=at)
    if address:
        letter_came_back(member_id=case.member_id, email=address, at=at)
