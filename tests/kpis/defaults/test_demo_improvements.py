from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.models import Review
from kpis.defaults.demo_improvements import CLOTHES, SHIRT, seed
from kpis.improvements import telling
from kpis.models import Dimension, Improvement, ImprovementStatus, MetricCode, Snapshot, Verdict
from tests.factories.compensation import OrderFactory, ProductFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.improvements import staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("K6")]
S = ImprovementStatus


@pytest.fixture
def shop():
    """The departments and their leads, somebody who wrote about the shirt, and days that became better."""
    now = timezone.now()
    for code, name in (("product", "product_lead"), ("logistics", "logistics_lead"), ("service", "lead")):
        lead = staff(DepartmentFactory(code=code), "team_lead")
        type(lead).objects.filter(pk=lead.pk).update(username=name)
    order = OrderFactory()
    Review.objects.create(
        external_id="s1", member=order.member, order=order, product=ProductFactory(name=SHIRT), stars=1,
        text="洗一次就缩水了", written_at=now - timedelta(days=40),
    )  # fmt: skip
    today = timezone.localdate(now)
    Snapshot.objects.bulk_create(
        Snapshot(
            metric=MetricCode.BAD_REVIEWS, dimension=Dimension.CATEGORY, key=CLOTHES, computed_at=now, n=10,
            day=today - timedelta(days=ago), total=5 if ago > 28 else 1, squares=5 if ago > 28 else 1,
        )
        for ago in range(1, 60)
    )  # fmt: skip
    return now, order.member


def test_one_of_each_state_and_the_proved_one_is_told(shop):
    now, member = shop
    seed(now)
    states = list(Improvement.objects.order_by("pk").values_list("status", "verdict"))
    assert states == [(S.CHECKED, Verdict.PROVED), (S.UNDER_WAY, ""), (S.CARRIED_OUT, "")]
    telling.go_on(at=now)
    assert list(Improvement.objects.earliest("pk").told.values_list("member", flat=True)) == [member.pk]


def test_what_is_not_better_is_not_told(shop):
    now, _member = shop
    Snapshot.objects.update(total=3, squares=3)
    seed(now)
    assert Improvement.objects.earliest("pk").verdict == Verdict.NO_EFFECT
    assert telling.go_on(at=now) == 0


def test_without_departments_there_are_none():
    seed(timezone.now())
    assert not Improvement.objects.exists()
