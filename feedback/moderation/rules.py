"""What speaks against a review, as pure functions on facts.

How many stars it has is nothing that speaks against it. Only whether the text says the opposite of them is,
and that counts alike for many stars and for few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from compensation.models import OrderStatus
from feedback.models import Signal
from feedback.moderation import texts

PAID_FOR = {OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.RETURNED}
MOST = 1_000
MIDDLE, PLAIN = 3, 0.5


@dataclass(frozen=True, slots=True)
class Rule:
    """How much a signal weighs, and from when on it counts."""

    weight: int
    at_least: int = 1
    within_hours: int = 24
    similarity: float = 0.7


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a review when it is looked at."""

    text: str
    written_at: datetime
    order_status: str = OrderStatus.DELIVERED
    placed_at: datetime | None = None
    in_order: bool = True
    """Whether the order has the product; so where nothing says which product it is about."""
    orders_at_once: int = 1
    """Of the same member, reviewed within the hours of the rule, this one included."""
    members_on_device: int = 1
    stars: int | None = None
    sentiment: float | None = None
    """How the text is meant, from −1 to 1; None where that is not sure."""
    same: Sequence[Mapping[str, Any]] = ()
    """Texts of other members that are nearly the same: review and share."""


@dataclass(frozen=True, slots=True)
class Found:
    """A signal, what it weighs, and what shows it."""

    signal: str
    weight: int
    evidence: Mapping[str, Any] = field(default_factory=dict)


def find(facts: Facts, rules: Mapping[str, Rule], words: Sequence[texts.Word]) -> list[Found]:
    """The signals of a review, of those that are in use."""
    evidence: dict[str, Mapping[str, Any]] = {}
    if (rule := rules.get(Signal.BURST_MEMBER)) and facts.orders_at_once >= rule.at_least:
        evidence[Signal.BURST_MEMBER] = {"orders": facts.orders_at_once, "hours": rule.within_hours}
    if (rule := rules.get(Signal.BURST_DEVICE)) and facts.members_on_device >= rule.at_least:
        evidence[Signal.BURST_DEVICE] = {"members": facts.members_on_device, "hours": rule.within_hours}
    if (rule := rules.get(Signal.DUPLICATE)) and len(facts.same) >= rule.at_least:
        evidence[Signal.DUPLICATE] = {"reviews": list(facts.same)}
    if contradicts(facts.stars, facts.sentiment):
        evidence[Signal.STARS_TEXT] = {"stars": facts.stars, "sentiment": facts.sentiment}
    if why := unverified(facts):
        evidence[Signal.UNVERIFIED] = {"why": why}
    if contacts := texts.contacts(facts.text):
        evidence[Signal.CONTACT] = {"found": [list(one) for one in contacts]}
    for signal, said in texts.known(facts.text, words).items():
        evidence[signal] = {"words": said}
    return [
        Found(signal, rules[signal].weight, shown) for signal, shown in evidence.items() if signal in rules
    ]


def contradicts(stars: int | None, sentiment: float | None) -> bool:
    """Whether a text says plainly the opposite of the stars; many stars and few are treated alike."""
    if stars is None or sentiment is None or abs(sentiment) < PLAIN:
        return False
    return (stars - MIDDLE) * sentiment < 0 and abs(stars - MIDDLE) > 1


def unverified(facts: Facts) -> str:
    """Why there seems to be no purchase behind it; "" where there is one."""
    if facts.order_status not in PAID_FOR:
        return "not_paid"
    if facts.placed_at is not None and facts.written_at < facts.placed_at:
        return "before_order"
    if not facts.in_order:
        return "not_in_order"
    return ""


def score(found: Sequence[Found]) -> int:
    """How much speaks against it in all."""
    return min(sum(one.weight for one in found), MOST)
