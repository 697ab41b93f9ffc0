import pytest
from django.utils import timezone

from compensation.defaults import money
from compensation.models import CouponTemplate, PointsRule
from compensation.points import queries


@pytest.mark.django_db
@pytest.mark.req("C5")
def test_defaults_ship_and_edits_stay():
    money.seed(timezone.now())
    assert CouponTemplate.objects.get(code="sorry-5").value_fen == 500
    assert queries.worth_fen(101) == 101
    CouponTemplate.objects.filter(code="sorry-5").update(is_active=False)
    PointsRule.objects.update(worth_fen=50)
    money.seed(timezone.now())
    assert not CouponTemplate.objects.get(code="sorry-5").is_active
    assert queries.worth_fen(101) == 51
