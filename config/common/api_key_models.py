"""Keys by which other programs read: what each may, and whether it is still good."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ApiKey(models.Model):
    """A key of a program that is no member and no colleague. Of the token only a digest is kept."""

    name = models.CharField(
        _("name"), max_length=80, unique=True, help_text=_("What uses it, such as the warehouse.")
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("ends with"), max_length=4, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("may"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("issued by"),
        related_name="+",
        db_index=False,
    )
    made_at = models.DateTimeField(_("issued at"))
    expires_at = models.DateTimeField(_("good until"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, help_text=_("To the hour."))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("revoked by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="apikey_may_something", condition=Q(scopes__len__gt=0)),
            models.CheckConstraint(
                name="apikey_revoked_by_somebody",
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_good(self, at: datetime) -> bool:
        """Whether it opens anything at a moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)
