"""Texts to be read, and to be learnt from, for tests."""

import random
from collections.abc import Iterator

import factory
from factory.django import DjangoModelFactory

from feedback import models
from feedback.triage.examples import Taught
from tests.factories.compensation import T0, OrderFactory

GOOD = ["满意", "喜欢", "舒服", "好用", "推荐", "漂亮", "实惠", "细心"]
BAD = ["失望", "后悔", "破损", "难用", "太慢", "粗糙", "掉色", "敷衍"]
ABOUT = ["衣服", "手机", "水果", "快递", "客服", "包装", "价格", "书", "耳机", "鞋子", "牛奶", "酒店"]
FILLING = ["这次", "买的", "感觉", "收到", "今天", "家里", "给", "妈妈", "用了", "一周", "然后", "店家"]


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


def made_up(number: int = 300, *, seed: int = 1, wrong: float = 0.05) -> Iterator[Taught]:
    """Texts that are good and bad in turn, a few of them contrary to what their words say."""
    dice = random.Random(seed)
    for place in range(number):
        good = place % 2 == 0
        says = good if dice.random() > wrong else not good
        words = [*dice.choices(FILLING, k=3), dice.choice(ABOUT), *dice.choices(GOOD if says else BAD, k=2)]
        yield Taught(f"{' '.join(words)}{place}。", good)
