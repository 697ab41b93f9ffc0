"""Due days with a ladder: what improvements, appeals and decisions of meetings have in common."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Step(models.TextChoices):
    """A rung of the ladder of what has a due day."""

    WARNING = "warning", _("soon due: owner")
    BREACH = "breach", _("due: owner")
    LEAD = "lead", _("late: leads of the department")
    SUPERVISORS = "supervisors", _("late: supervisors")


class Rung(models.Model):
    """A rung that was fired: each once for a due day."""

    due_on = models.DateField()
    step = models.CharField(pgettext_lazy("improvement", "rung"), max_length=11, choices=Step)
    fired_at = models.DateTimeField(pgettext_lazy("improvement", "fired"))
    told = models.PositiveSmallIntegerField(
        pgettext_lazy("improvement", "told"), help_text="How many; 0: there was nobody, or it was passed by."
    )

    class Meta:
        abstract = True
