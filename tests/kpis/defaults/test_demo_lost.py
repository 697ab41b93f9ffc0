from datetime import timedelta

import pytest
from django.utils import timezone

from compensation.models import Order
from kpis.attribution import lost
from kpis.attribution.lost import State
from kpis.defaults.demo_lost import seed
from kpis.metrics.sources import Span
from tests.factories.feedback import DepartmentFactory
from tests.factories.kpis import make_answer

pytestmark = pytest.mark.django_db


def test_some_of_the_lost_come_back_and_nobody_else_orders():
    at = timezone.now()
    department = DepartmentFactory()
    for days in (*range(50, 70), *range(1, 6)):
        make_answer(department, 1, at=at - timedelta(days=days))
    seed(at)
    _groups, states = lost.groups(Span(at - timedelta(100), at), of={}, at=at)
    assert states[State.OPEN] == 5
    assert 0 < states[State.BACK] == Order.objects.count() < 20
    assert states[State.EARLY] == 0
    assert not Order.objects.filter(placed_at__gt=at).exists()


def test_a_shop_without_lost_members_stays_as_it_is():
    seed(timezone.now())
    assert not Order.objects.exists()
