"""What happens to bad answers, and what somebody has seen of their own results."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.models import User
from feedback.models import Department, VoiceAspect


class AspectDepartment(models.Model):
    """Who follows up a bad answer about an aspect; one about none goes where its case was."""

    aspect = models.CharField(_("aspect"), max_length=16, choices=VoiceAspect, unique=True)
    department = models.ForeignKey(Department, models.PROTECT, verbose_name=_("department"), related_name="+")

    class Meta:
        verbose_name = _("department for bad answers")
        verbose_name_plural = _("departments for bad answers")
        ordering = ["aspect"]
        constraints = [
            models.CheckConstraint(name="aspectdepartment_known", condition=Q(aspect__in=VoiceAspect.values))
        ]

    def __str__(self) -> str:
        return f"{self.get_aspect_display()}: {self.department}"


class SeenResults(models.Model):
    """Up to when somebody has seen what members said of their cases."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="+")
    upto = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} {self.upto}"
