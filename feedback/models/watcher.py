"""Who follows a case without working on it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from feedback.models.case import Case


class Watcher(models.Model):
    """A colleague who is told of what matters in a case."""

    case = models.ForeignKey(  # watcher_once begins with it
        Case, models.CASCADE, verbose_name=_("case"), related_name="watchers", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("watcher"), related_name="watched"
    )
    since = models.DateTimeField(_("since"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("added by"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: a rung of a ladder."),
    )

    class Meta:
        verbose_name = _("watcher")
        verbose_name_plural = _("watchers")
        ordering = ["since", "id"]
        constraints = [models.UniqueConstraint(name="watcher_once", fields=["case", "user"])]

    def __str__(self) -> str:
        return f"{self.user} · {self.case_id}"
