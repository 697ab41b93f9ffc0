"""Which case a letter belongs to."""

from compensation.members.rules import normal_contact
from feedback.channels.email import rules
from feedback.channels.email.letters import Letter
from feedback.models import Case, Channel, ChannelMessage, Direction


def case_of(letter: Letter) -> Case | None:
    """The case that a letter belongs to, by what nobody can guess; None when it begins something new.

    First by the tag in an address or a Message-ID of ours; then by a letter that it answers; a number
    in the subject is a hint, which counts only from the member's own address.
    """
    found = rules.tagged(*letter.recipients, *letter.answers)
    if found is not None:
        return _present(found)
    return _answered(letter) or _named(letter)


def answered_by(letter_ids: tuple[str, ...]) -> ChannelMessage | None:
    """The letter of ours that one of these Message-IDs names."""
    rows = ChannelMessage.objects.filter(letter_id__in=letter_ids, direction=Direction.OUT)
    return rows.order_by("-id").first() if letter_ids else None


def _answered(letter: Letter) -> Case | None:
    """Of letters by others only those of the same sender: their Message-IDs are no secret."""
    rows = ChannelMessage.objects.filter(
        channel=Channel.EMAIL, letter_id__in=letter.answers, case__isnull=False
    ).order_by("-id")
    for row in rows[:20]:
        if row.direction == Direction.OUT or row.sender == letter.sender:
            return _present(row.case_id or 0)
    return None


def _named(letter: Letter) -> Case | None:
    number = rules.number_in(letter.subject)
    if number is None:
        return None
    case = Case.objects.select_related("member").filter(pk=number).first()
    if case is None or normal_contact(case.member.email) != normal_contact(letter.sender):
        return None
    return _present(case.pk)


def _present(case_id: int) -> Case | None:
    """The case, or the one that it was joined into."""
    case = (
        Case.objects.select_related("member", "department").filter(pk=case_id, member__erased_at=None).first()
    )
    while case is not None and case.merged_into_id is not None:
        case = Case.objects.select_related("member", "department").filter(pk=case.merged_into_id).first()
    return case
