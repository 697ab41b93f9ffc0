"""Members are warned before their points end, once for all that end in one month."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from compensation.ledger import commands as ledger
from compensation.ledger.rules import LotTerms, given
from compensation.models import Notice, PointsRule, Unit
from compensation.points.ending import warn_due
from tests.factories.compensation import MemberFactory
from tests.factories.money import PointsRuleFactory
from tests.factories.points import DAY

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]
ZONE = ZoneInfo("Asia/Shanghai")


def day(month, number):
    return datetime(2027, month, number, tzinfo=ZONE)


@pytest.fixture
def member():
    PointsRuleFactory(notice_days=30)
    return MemberFactory(language="en")


def give(member, points, ends, key):
    moves, terms = given(Unit.POINTS, points, member_id=member.pk), LotTerms(expires_at=ends)
    ledger.post(key=key, kind="t", moves=moves, actor=None, at=day(1, 1), terms=terms)


def test_a_member_is_told_once_of_all_that_end_in_a_month(member):
    give(member, 10, day(3, 10), "a")
    give(member, 15, day(3, 25), "b")
    give(member, 40, day(4, 2), "c")
    give(member, 99, None, "d")
    assert warn_due(at=day(2, 7)) == 0
    assert warn_due(at=day(2, 9)) == 1
    notice = Notice.objects.get()
    assert notice.title == "25 points end soon"
    assert "9 Mar 2027" in notice.body
    for later in range(10, 28):
        assert warn_due(at=day(2, later)) == 0
    assert warn_due(at=day(3, 4)) == 1
    assert Notice.objects.first().key != Notice.objects.last().key


def test_points_that_end_with_the_month_belong_to_it(member):
    give(member, 10, day(4, 1), "a")
    give(member, 10, day(4, 5), "b")
    assert warn_due(at=day(3, 7)) == 2


def test_who_has_spent_them_or_is_gone_or_where_nobody_is_to_be_warned_is_told_nothing(member):
    gone = MemberFactory(erased_at=day(1, 1))
    give(gone, 10, day(3, 10), "a")
    assert warn_due(at=day(3, 1)) == 0
    give(member, 10, day(3, 10), "b")
    PointsRule.objects.update(notice_days=0)
    assert warn_due(at=day(3, 1)) == 0
    PointsRule.objects.update(notice_days=30)
    assert warn_due(at=day(3, 10)) == 0
    assert warn_due(at=day(3, 10) - DAY) == 1


def test_a_pass_takes_no_more_than_it_may(member):
    for n in range(3):
        give(MemberFactory(), 10, day(3, 10), f"m{n}")
    assert [warn_due(at=day(3, 1), limit=2) for _ in range(3)] == [2, 1, 0]
