"""Rules of the care programme, and members that they are about."""

from datetime import UTC, datetime, time, timedelta

import factory
from factory.django import DjangoModelFactory

from compensation.defaults import money
from compensation.models import CareRule, ConsentNeed, Purpose, Segment, Trigger
from compensation.segments import figures
from tests.factories.compensation import MemberFactory, OrderFactory

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # a Sunday, noon in Shanghai
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUIET = {"quiet_from": time(21), "quiet_until": time(9)}


class SegmentFactory(DjangoModelFactory):
    class Meta:
        model = Segment

    code = factory.Sequence(lambda n: f"segment-{n}")
    name = "会员"
    name_en = "Members"


class RuleFactory(DjangoModelFactory):
    """A rule about orders that everybody hears of at once."""

    class Meta:
        model = CareRule

    code = factory.Sequence(lambda n: f"rule-{n}")
    name = "规则"
    name_en = "Rule"
    trigger = Trigger.ORDER_PAID
    purpose = Purpose.SERVICE
    consent = ConsentNeed.NONE
    is_capped = False
    title = "订单{order}已确认"
    title_en = "Order {order} is confirmed"
    active_since = AT - 30 * DAY


class OfferFactory(RuleFactory):
    """A rule that is marketing: for those who consent, and capped."""

    trigger = Trigger.REGISTERED
    purpose = Purpose.MARKETING
    consent = ConsentNeed.TO_ACT
    is_capped = True
    title = "欢迎"
    title_en = "Welcome"


def willing(**changes):
    """A member who lets us send offers, joined an hour ago."""
    return MemberFactory(
        **({"consent_marketing": True, "registered_at": AT - HOUR, "language": "en"} | changes)
    )


def bought(member, days_ago=10, total_fen=10_000, **changes):
    """An order of a member that was paid then, and the figures after it."""
    at = AT - days_ago * DAY
    order = OrderFactory(member=member, total_fen=total_fen, placed_at=at, paid_at=at, **changes)
    figures.refresh(member_ids=[member.pk], at=AT)
    return order


def seed_money():
    """The ledger's house accounts and what points are worth."""
    money.seed(AT)
