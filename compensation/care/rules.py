"""What becomes of an occasion. A pure function of what is known when it is due."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from compensation.care.days import out_of_quiet
from compensation.models import CareChannel, CareRule, ConsentNeed, HeldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an occasion and its member."""

    is_erased: bool = False
    is_over: bool = False
    """What called for it is no longer so: the member has ordered, the points are spent."""
    is_inside: bool = True
    """Whether the member is in the rule's segment."""
    allowed: Collection[str] = ()
    """The channels that the member allows for the rule's purpose."""
    heard: int = 0
    """How many capped messages the member had within the days of the cap."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Held back for a reason, put off until a moment, or carried out: sent, or told in the portal only."""

    reason: HeldReason | None = None
    until: datetime | None = None
    channel: str | None = None
    """By what it is sent; "" for whichever reaches the member, None for none."""


def decide(rule: CareRule, facts: Facts, *, most: int, at: datetime, zone: ZoneInfo) -> Verdict:
    """What becomes of an occasion of a rule now."""
    if reason := _obstacle(rule, facts):
        return Verdict(reason=reason)
    free = out_of_quiet(at, rule.quiet_from, rule.quiet_until, zone)
    if free > at:
        return Verdict(until=free)
    if rule.is_capped and facts.heard >= most:
        return Verdict(reason=HeldReason.CAP)
    return Verdict(channel=_channel(rule, facts))


def _obstacle(rule: CareRule, facts: Facts) -> HeldReason | None:
    if facts.is_erased:
        return HeldReason.ERASED
    if not rule.is_active:
        return HeldReason.RULE_OFF
    if facts.is_over:
        return HeldReason.OVER
    if not facts.is_inside:
        return HeldReason.SEGMENT
    if rule.consent == ConsentNeed.TO_ACT and not _usable(rule, facts):
        return HeldReason.CONSENT
    return None


def _usable(rule: CareRule, facts: Facts) -> set[str]:
    """The allowed channels that the rule goes by; what is told in the portal needs any."""
    if rule.channel in {CareChannel.ANY, CareChannel.PORTAL}:
        return set(facts.allowed)
    return {rule.channel} & set(facts.allowed)


def _channel(rule: CareRule, facts: Facts) -> str | None:
    if rule.channel == CareChannel.PORTAL or not _usable(rule, facts):
        return None
    return "" if rule.channel == CareChannel.ANY else rule.channel
