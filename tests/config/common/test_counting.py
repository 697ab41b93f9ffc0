"""Counting several lists in one statement."""

import pytest

from config.common.counting import counts
from config.common.models import User
from tests.factories.common import UserFactory

pytestmark = pytest.mark.django_db


def test_all_lists_are_counted_in_one_query(django_assert_num_queries):
    UserFactory.create_batch(3, name="甲%")
    UserFactory(name="乙", is_active=False)
    everybody = User.objects.order_by("name").select_related()
    lists = [everybody, everybody.filter(name="甲%"), User.objects.none(), everybody.filter(is_active=False)]
    with django_assert_num_queries(1):
        assert counts(lists, upto=10) == [4, 3, 0, 1]


def test_nothing_is_counted_beyond_the_limit():
    UserFactory.create_batch(3)
    assert counts([User.objects.all()], upto=2) == [2]


def test_no_list_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert counts([], upto=10) == []
        assert counts([User.objects.none()], upto=10) == [0]
