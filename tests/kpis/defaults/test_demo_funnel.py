"""The demo shop's funnel: alive, with the breakpoint that is planted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compensation.models import Order
from kpis.defaults import demo_funnel
from kpis.funnels import queries
from kpis.funnels.queries import BOTH, PAYMENT, Part
from tests.factories.compensation import MemberFactory, OrderFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("K4")]


def test_whoever_pays_by_wechat_on_a_phone_is_lost_more_often():
    now = timezone.now()
    long_ago = now - timedelta(days=90)
    OrderFactory.create_batch(20, placed_at=long_ago, paid_at=long_ago)
    for number in range(450):
        placed = now - timedelta(days=16 + number % 25, minutes=number)
        OrderFactory(
            external_id=f"DEMO{number}",
            member=MemberFactory(),
            placed_at=placed,
            paid_at=placed + timedelta(minutes=2),
            payment_method=("alipay", "wechat", "card")[number % 3],
        )
    demo_funnel.seed(now)
    assert Order.objects.filter(external_id__startswith="UNPAID", paid_at=None).exists()
    first, last = timezone.localdate(now) - timedelta(45), timezone.localdate(now)
    ways = queries.ways(first, last, Part())
    assert ways.over.counts[0] > ways.over.counts[1] > ways.over.counts[2] > ways.over.counts[3]
    [found] = queries.broken(first, last, Part(), ways.over)
    assert found.step == "pay"
    worse = {(one.by, one.key) for one in found.groups if one.is_worse}
    assert (PAYMENT, "wechat") in worse
    assert {(BOTH, "ios\twechat"), (BOTH, "android\twechat")} <= worse
