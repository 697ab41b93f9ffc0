"""What a purpose needs: marketing a yes, the rest no more than the absence of a no. Pure functions."""

from collections.abc import Mapping

from compensation.models import OFFERED, MessageChannel, Purpose

Choices = Mapping[tuple[str, str], bool]
"""What a member chose, by purpose and channel."""


def allows(purpose: str, channel: str, *, marketing: bool, choices: Choices) -> bool:
    """Whether a message for a purpose may leave by a channel; `marketing` is what the shop has on record.

    What has no purpose is always sent. For marketing both the shop's record and, where there is one, the
    member's own choice have to say yes.
    """
    if not purpose:
        return True
    if purpose == Purpose.MARKETING and not marketing:
        return False
    return choices.get((purpose, channel), True)


def channels(purpose: str, *, marketing: bool, choices: Choices) -> frozenset[str]:
    """The channels by which a message for a purpose may leave."""
    return frozenset(
        str(channel)
        for channel in OFFERED.get(purpose, tuple(MessageChannel))
        if allows(purpose, channel, marketing=marketing, choices=choices)
    )
