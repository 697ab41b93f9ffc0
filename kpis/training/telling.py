"""Letters about trainings, each once. They name a day and an address: what is learned stays in the house."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.models import User
from kpis.deadlines.sweeping import write
from kpis.models import Training

COME = _("You are expected at a training: %(day)s")
CHANGED = _("A training that you are expected at was changed: %(day)s")
OUT = _("You are no longer expected at the training: %(day)s")
CANCELLED = _("The training is cancelled: %(day)s")
GIVE = _("You give a training: %(day)s")


def tell(training: Training, people: Iterable[User], key: str, title: Promise, at: datetime) -> None:
    """Write to some people about a training, each once for a key."""
    write(
        [user for user in people if user.is_active],
        key=f"training:{training.pk}:{key}",
        title=title,
        words={"day": date_format(timezone.localtime(training.starts_at), "Y-m-d H:i")},
        page=f"/admin/trainings/{training.pk}/",
        at=at,
    )


def everybody(training: Training) -> list[User]:
    """Who is in it, then who gives it."""
    learning = User.objects.filter(agent__training_places__training=training).order_by("pk")
    return [*learning, training.trainer]
