"""Imports of the shop's files."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ImportStatus(models.TextChoices):
    """How far an import has come."""

    DRAFT = "draft", _("being looked at")
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class ImportRun(models.Model):
    """One import of files: by whom, how far, what became of it."""

    status = models.CharField(_("status"), max_length=8, choices=ImportStatus, default=ImportStatus.DRAFT)
    folder = models.CharField(max_length=64, editable=False, help_text="Below MEDIA_ROOT/imports.")
    files = models.JSONField(_("files"), default=list)
    map_name = models.CharField(_("column map"), max_length=120)
    map_text = models.TextField(_("text of the map"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("started by"),
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    beat_at = models.DateTimeField(null=True, help_text="Last sign of life of the worker that runs it.")
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    percent = models.PositiveSmallIntegerField(_("done (%)"), default=0)
    doing = models.CharField(_("doing"), max_length=200, blank=True)
    counts = models.JSONField(_("counts"), default=dict)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    failures = models.JSONField(_("failures"), default=list)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        permissions = [("import_shop", "Can import the shop's files")]
        constraints = [
            models.CheckConstraint(
                name="importrun_status_known", condition=Q(status__in=ImportStatus.values)
            ),
            models.CheckConstraint(
                name="importrun_ended_has_time",
                condition=Q(status__in=[ImportStatus.DONE, ImportStatus.FAILED], finished_at__isnull=False)
                | (~Q(status__in=[ImportStatus.DONE, ImportStatus.FAILED]) & Q(finished_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%F %H:%M} {self.map_name}"
