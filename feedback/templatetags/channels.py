"""Letters in the conversation of a case."""

from typing import Any

from django import template

from compensation.members.masking import masked_email
from compensation.members.rules import normal_contact
from feedback.models import Case, ChannelMessage

register = template.Library()
CONTACTS = ("compensation", "see_contacts")


@register.filter
def shown_sender(carried: ChannelMessage, perms: Any) -> str:
    """Give the sender's address, in full for whom may see contact details."""
    app, name = CONTACTS
    return carried.sender if perms[app][name] else masked_email(carried.sender)


@register.filter
def is_other_sender(carried: ChannelMessage, case: Case) -> bool:
    """Whether it came from an address that is not the member's own: a second one, or a stranger's."""
    return normal_contact(carried.sender) != normal_contact(case.member.email)
