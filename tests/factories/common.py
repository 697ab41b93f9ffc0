"""Staff accounts."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from config.common.models import OutboxMessage, User


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"staff{n}")
    name = factory.Sequence(lambda n: f"客服{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@huiyin.example")
    is_staff = True


def make_subject():
    """A row for events to be about, whose making leaves no event itself."""
    now = timezone.now()
    return OutboxMessage.objects.create(
        kind="subject", key=f"subject {now}", recipient="", payload={}, created_at=now, next_attempt_at=now
    )
