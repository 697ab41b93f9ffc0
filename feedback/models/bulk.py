"""One thing done to many cases at once, with what came of it for each."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from feedback.models.case import Case


class CasesLength(models.Func):
    """How many cases a run is about."""

    function = "jsonb_array_length"
    output_field = models.IntegerField()


class BulkRun(models.Model):
    """What somebody asked to be done to some cases; asked again with the same key it goes on, never twice."""

    user = models.ForeignKey(  # bulkrun_once begins with it
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("by"),
        related_name="bulk_runs",
        db_index=False,
    )
    key = models.CharField(max_length=64)
    action = models.CharField(_("action"), max_length=16)
    content = models.JSONField(_("details"), default=dict)
    cases = models.JSONField(default=list, help_text="The cases' keys, in the order they are done.")
    left_out = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many more were asked for that the person does not see."
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [models.UniqueConstraint(name="bulkrun_once", fields=["user", "key"])]
        indexes = [models.Index(name="bulkrun_newest", fields=["user", "-id"])]  # desk.runs

    def __str__(self) -> str:
        return f"{self.action} {self.at:%F %T}"


class BulkResult(models.Model):
    """What came of it for one case, written together with the change."""

    run = models.ForeignKey(  # bulkresult_once begins with it
        BulkRun, models.CASCADE, related_name="results", db_index=False
    )
    case = models.ForeignKey(Case, models.CASCADE, related_name="+")
    is_done = models.BooleanField(_("done"))
    reason = models.TextField(_("reason"), blank=True, help_text="Why it was refused.")

    class Meta:
        verbose_name = _("result of a bulk action")
        verbose_name_plural = _("results of bulk actions")
        constraints = [models.UniqueConstraint(name="bulkresult_once", fields=["run", "case"])]

    def __str__(self) -> str:
        return f"{self.case_id} {'done' if self.is_done else self.reason}"
