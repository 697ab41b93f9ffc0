"""Whether somebody was where they were expected: at a meeting, at a training."""

from django.db import models
from django.utils.translation import pgettext_lazy


class Presence(models.TextChoices):
    """Whether somebody was there."""

    EXPECTED = "expected", pgettext_lazy("presence", "not noted")
    PRESENT = "present", pgettext_lazy("presence", "present")
    EXCUSED = "excused", pgettext_lazy("presence", "excused")
    ABSENT = "absent", pgettext_lazy("presence", "absent")
