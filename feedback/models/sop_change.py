"""Changes of the SOP: trying one on the past, and moving running clocks over to what is in force."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Simulation(models.Model):
    """What other policies would have meant for the cases of some days, worked out slice by slice."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("asked by"), related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"), help_text="The past is seen as it was at this moment.")
    since = models.DateTimeField(_("cases opened since"))
    policies = models.JSONField(help_text="The policies that are tried: version, or 0, and content of each.")
    last_case = models.BigIntegerField(default=0, help_text="Up to which case it has come.")
    cases = models.PositiveIntegerField(_("cases"), help_text="How many there are to go through.")
    cases_done = models.PositiveIntegerField(default=0)
    clocks = models.PositiveIntegerField(_("clocks"), default=0)
    result = models.JSONField(default=dict)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("trial of policies")
        verbose_name_plural = _("trials of policies")
        constraints = [
            models.CheckConstraint(name="simulation_looks_back", condition=Q(since__lt=F("asked_at")))
        ]

    def __str__(self) -> str:
        return f"{self.since:%F}–{self.asked_at:%F}"

    @property
    def percent(self) -> int:
        """How far it is."""
        return 100 * self.cases_done // self.cases if self.cases else 100


class ClockMove(models.Model):
    """Running clocks that somebody chose to move over to the policies in force, batch by batch."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("asked by"), null=True, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    cases = ArrayField(models.BigIntegerField(), help_text="Whose clocks run under other terms.")
    cases_done = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(_("clocks moved"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("move of clocks")
        verbose_name_plural = _("moves of clocks")
        indexes = [
            models.Index(  # clocks.moving: what a worker has to go on with
                name="clockmove_going", fields=["id"], condition=Q(finished_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%F %T}: {self.moved}"

    @property
    def percent(self) -> int:
        """How far it is."""
        return 100 * self.cases_done // len(self.cases) if self.cases else 100
