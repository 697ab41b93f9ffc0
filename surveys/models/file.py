"""Files of responses that a worker makes, for whoever asked for them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.models import User
from surveys.models.campaign import Campaign

FILE_KINDS = [("csv", "CSV"), ("xlsx", "XLSX")]


class FileState(models.TextChoices):
    """How far a file is."""

    WAITING = "waiting", pgettext_lazy("file", "waiting")
    MAKING = "making", pgettext_lazy("file", "being made")
    READY = "ready", pgettext_lazy("file", "ready")
    FAILED = "failed", pgettext_lazy("file", "failed")


def path_of_file(file: "ResultFile", _name: str) -> str:
    """Where a file is kept: under the day, by a number that was drawn."""
    return f"responses/{file.folder}/{file.ref.hex}"


class ResultFile(models.Model):
    """All responses of some waves as a file, as far as whoever asked for it may see them.

    Only they can take it, while they may see the same; it goes when its time is over.
    """

    ref = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, verbose_name=_("campaign"), related_name="files", db_index=False
    )
    asked_by = models.ForeignKey(
        User, models.CASCADE, verbose_name=_("asked by"), related_name="+", db_index=False
    )
    asked_at = models.DateTimeField(pgettext_lazy("file", "asked"))
    kind = models.CharField(_("kind"), max_length=4, choices=FILE_KINDS)
    query = models.JSONField(default=dict, help_text="The wave and what it is narrowed to, as addresses say.")
    reach = models.JSONField(default=list, help_text="What the results of whoever asked were narrowed to.")
    state = models.CharField(
        pgettext_lazy("file", "state"), max_length=8, choices=FileState, default=FileState.WAITING
    )
    rows = models.PositiveIntegerField(pgettext_lazy("file", "rows"), null=True)
    done = models.PositiveIntegerField(_("rows written"), default=0)
    beat_at = models.DateTimeField(null=True, help_text="When its worker was last heard of.")
    tries = models.PositiveSmallIntegerField(default=0)
    folder = models.PositiveIntegerField(help_text="The day as a number, such as 20261122.")
    file = models.FileField(_("file"), upload_to=path_of_file, max_length=100, blank=True)
    size = models.PositiveBigIntegerField(_("size (bytes)"), default=0)
    keeps_until = models.DateTimeField(_("kept until"))

    class Meta:
        verbose_name = _("file of responses")
        verbose_name_plural = _("files of responses")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="resultfile_known",
                condition=Q(state__in=FileState.values, kind__in=dict(FILE_KINDS)),
            ),
            models.CheckConstraint(
                name="resultfile_ready",
                condition=~Q(state=FileState.READY) & Q(file="") | Q(state=FileState.READY) & ~Q(file=""),
            ),
        ]
        indexes = [
            models.Index(name="resultfile_own", fields=["asked_by", "campaign", "-id"]),  # files.of
            models.Index(  # files.waiting
                name="resultfile_open",
                fields=["id"],
                condition=Q(state__in=[FileState.WAITING, FileState.MAKING]),
            ),
            models.Index(name="resultfile_over", fields=["keeps_until"]),  # files.drop_old
            models.Index(name="resultfile_folder", fields=["folder"]),  # attachments.remove_orphans
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.kind}"

    @property
    def percent(self) -> int:
        """How much of it is written."""
        return min(99, 100 * self.done // self.rows) if self.rows else 0
