"""Texts to be read, for tests."""

import factory
from factory.django import DjangoModelFactory

from feedback import models
from tests.factories.compensation import T0, OrderFactory


class SaidFactory(DjangoModelFactory):
    """A review that says `text`."""

    class Meta:
        model = models.Review

    external_id = factory.Sequence(lambda n: f"said-{n}")
    order = factory.SubFactory(OrderFactory)
    member = factory.LazyAttribute(lambda review: review.order.member)
    stars = 3
    text = "好"
    written_at = T0
