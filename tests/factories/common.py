"""Staff accounts."""

import factory
from factory.django import DjangoModelFactory

from config.common.models import User


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"staff{n}")
    name = factory.Sequence(lambda n: f"客服{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@huiyin.example")
    is_staff = True
