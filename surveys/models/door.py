"""How others than the invited come to an open campaign: its link, the pop-up in the shop's pages, paper."""

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.models import User
from surveys.models.campaign import Campaign


def new_key() -> str:
    """A key that nobody guesses, for an address."""
    return secrets.token_urlsafe(16)


class Door(models.Model):
    """The open link of a campaign, and on which of the shop's pages it may pop up, when and for whom."""

    campaign = models.OneToOneField(
        Campaign, models.CASCADE, verbose_name=_("campaign"), related_name="door", editable=False
    )
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    origins = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("the shop's sites"),
        default=list,
        blank=True,
        help_text=_("Where it may pop up, such as https://shop.example.com. None: nowhere."),
    )
    after_seconds = models.PositiveSmallIntegerField(
        _("pops up after (seconds)"), default=15, help_text=_("That a visitor has spent on the page.")
    )
    share = models.PositiveSmallIntegerField(
        _("to so many visitors (per cent)"),
        default=100,
        help_text=_("Drawn once for each visitor."),
    )
    again_days = models.PositiveSmallIntegerField(
        _("again after (days)"), default=30, help_text=_("To whoever has closed it. Whoever answered: never.")
    )

    class Meta:
        verbose_name = _("open link")
        verbose_name_plural = _("open links")
        constraints = [
            models.CheckConstraint(
                name="door_sense", condition=Q(share__gte=1, share__lte=100, again_days__gt=0)
            )
        ]

    def __str__(self) -> str:
        return str(self.campaign)


class PaperFile(models.Model):
    """A table of paper forms that was taken in. The same table is not taken twice."""

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, verbose_name=_("campaign"), related_name="paper_files", db_index=False
    )
    sha256 = models.CharField(max_length=64)
    name = models.CharField(_("name"), max_length=120)
    rows = models.PositiveIntegerField(_("forms"))
    taken_on = models.DateField(_("entered on"))
    taken_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")

    class Meta:
        verbose_name = _("table of paper forms")
        verbose_name_plural = _("tables of paper forms")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(name="paperfile_once", fields=["campaign", "sha256"])]

    def __str__(self) -> str:
        return self.name
