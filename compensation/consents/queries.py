"""What members let us send them."""

from collections.abc import Collection, Mapping

from compensation.consents import rules
from compensation.models import OFFERED, ConsentChoice, Member, MessageChannel, Purpose


def choices_of(member_ids: Collection[int]) -> dict[int, dict[tuple[str, str], bool]]:
    """What each of some members chose, by purpose and channel. One query."""
    found: dict[int, dict[tuple[str, str], bool]] = {pk: {} for pk in member_ids}
    rows = ConsentChoice.objects.filter(member__in=list(member_ids))
    for member_id, purpose, channel, is_given in rows.values_list("member", "purpose", "channel", "is_given"):
        found[member_id][purpose, channel] = is_given
    return found


def channels(member: Member, purpose: str) -> frozenset[str]:
    """The channels by which a member lets us send something for a purpose, at this moment."""
    if not purpose:
        return frozenset(MessageChannel.values)
    chosen = choices_of([member.pk])[member.pk]
    return rules.channels(purpose, marketing=member.consent_marketing, choices=chosen)


def settings_of(member: Member) -> Mapping[str, Mapping[str, bool]]:
    """Whether each purpose may be sent by each channel: the page of choices, and the API's."""
    chosen = choices_of([member.pk])[member.pk]
    return {
        str(purpose): {
            str(channel): rules.allows(purpose, channel, marketing=member.consent_marketing, choices=chosen)
            for channel in OFFERED[purpose]
        }
        for purpose in Purpose
    }
