"""What a policy and a department rule ask of a case alike."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from feedback.models.choices import CaseKind, Channel, Priority


class Conditions(models.Model):
    """Lists that a case must be in; an empty one lets every case pass."""

    kinds = ArrayField(
        models.CharField(max_length=16, choices=CaseKind),
        verbose_name=_("kinds"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    channels = ArrayField(
        models.CharField(max_length=16, choices=Channel),
        verbose_name=_("channels"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    priorities = ArrayField(
        models.PositiveSmallIntegerField(choices=Priority),
        verbose_name=_("priorities"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    tiers = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("tiers"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    categories = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("product categories"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    languages = ArrayField(
        models.CharField(max_length=16),
        verbose_name=_("languages"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )

    class Meta:
        abstract = True
