"""Files that say when what they tell was known: what is older changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from compensation.models import Member, Order
from compensation.shop_import.shop import MEMBER, ORDER
from compensation.shop_import.targets import Item
from tests.factories.compensation import MemberFactory, TierFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("C1")]
AT = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write(target, as_of=None, *, dated=True, **values):
    told = {"external_id": "X1", **values, **({"as_of": as_of} if dated else {})}
    return target.write([Item("file.csv", 2, ("X1",), told)], AT + 9 * HOUR)


def member(name, as_of=None, **more):
    done = write(MEMBER, as_of, name=name, registered_at=AT, **more)
    row = Member.objects.get()
    return done.inserted + done.updated, row.name, row.as_of


def test_the_newest_row_about_a_member_counts():
    TierFactory()
    assert member("新", AT + 2 * HOUR) == (1, "新", AT + 2 * HOUR)
    assert member("旧", AT + HOUR) == (0, "新", AT + 2 * HOUR)
    assert member("新", AT + 3 * HOUR) == (0, "新", AT + 3 * HOUR)  # still so
    assert member("旧", AT + 2 * HOUR) == (0, "新", AT + 3 * HOUR)
    assert member("更新", AT + 4 * HOUR) == (1, "更新", AT + 4 * HOUR)
    assert member("无时", None) == (1, "无时", AT + 4 * HOUR)  # as files without it always were
    assert member("无列", dated=False) == (1, "无列", AT + 4 * HOUR)


def test_an_order_that_the_shop_told_of_later_is_not_undone_by_a_file():
    owner = MemberFactory(external_id="M1")
    facts = {"member": "M1", "total": 100, "placed_at": AT}
    write(ORDER, AT + 2 * HOUR, status="delivered", **facts)
    write(ORDER, AT + HOUR, status="paid", **facts)
    assert (Order.objects.get().status, Order.objects.get().member) == ("delivered", owner)
    write(ORDER, AT + 3 * HOUR, status="returned", **facts)
    assert Order.objects.get().status == "returned"
