from datetime import timedelta

import pytest

from compensation.models import Order
from feedback.models import Aspect, Gap, SpotBy
from kpis.improvements.at_hand import SHOWN, at_hand
from kpis.improvements.commands import Spot
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.improvements import ground, improvement, staff, why
from tests.factories.kpis import make_promised_order
from tests.factories.needs import link, need, review

pytestmark = [pytest.mark.django_db, pytest.mark.req("K6")]

SPOT = Spot(Aspect.DELIVERY, SpotBy.REGION, "沪")


def shown(found, user=None):
    user = user or staff(found.department)
    return [(one.source, one.row.pk) for one in at_hand(found, user, today=T0.date())]


def late(number=1, region="沪", days_ago=1):
    """Orders that came late."""
    for _each in range(number):
        order = make_promised_order(due_at=T0 - timedelta(days_ago), late=True)
        Order.objects.filter(pk=order.pk).update(region=region)
    return list(Gap.objects.order_by("pk"))


def test_the_gaps_of_its_hot_spot_are_at_hand_until_they_are_used():
    [first, second] = late(2)
    late(region="粤")
    late(days_ago=40)
    found = improvement(spot=SPOT)
    assert set(shown(found)) == {("gap", first.pk), ("gap", second.pk)}
    ground(why(found), "gap", first)
    assert shown(found) == [("gap", second.pk)]


def test_what_its_need_rests_on_is_at_hand_as_far_as_one_may_read_it():
    department, wanted = DepartmentFactory(), need()
    mine, hidden, said = (
        CaseFactory(department=department),
        CaseFactory(department=DepartmentFactory()),
        review(),
    )
    for source, row in (("case", mine), ("case", hidden), ("review", said)):
        link(wanted, source, row)
    found = improvement(department, need=wanted)
    assert shown(found) == [("review", said.pk), ("case", mine.pk)]


def test_of_nothing_on_record_nothing_is_at_hand():
    late()
    assert shown(improvement()) == []


def test_never_more_than_can_be_read():
    late(SHOWN + 3)
    assert len(shown(improvement(spot=SPOT))) == SHOWN
