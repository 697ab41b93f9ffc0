"""What we say in public about a crisis."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from feedback.models.crisis import Crisis


class StatementStatus(models.TextChoices):
    """Whether the public reads it."""

    DRAFT = "draft", pgettext_lazy("statement", "draft")
    PUBLISHED = "published", pgettext_lazy("statement", "published")
    TAKEN_DOWN = "taken_down", pgettext_lazy("statement", "taken down")


class Statement(models.Model):
    """What we say about a crisis in public. A new version takes the place of the one before."""

    crisis = models.ForeignKey(  # statement_once begins with it
        Crisis, models.CASCADE, verbose_name=_("crisis"), related_name="statements", db_index=False
    )
    number = models.PositiveSmallIntegerField(_("version"))
    status = models.CharField(
        _("status"), max_length=12, choices=StatementStatus, default=StatementStatus.DRAFT
    )
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("text"), max_length=4000)
    title_en = models.CharField(_("English title"), max_length=120, blank=True)
    body_en = models.TextField(_("English text"), max_length=4000, blank=True)
    for_affected = models.TextField(
        _("for members with a case of it"),
        max_length=2000,
        blank=True,
        help_text=_("Stands on the page of their case, below the statement."),
    )
    for_affected_en = models.TextField(_("the same in English"), max_length=2000, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("written by"), related_name="+"
    )
    written_at = models.DateTimeField(_("written"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("published by"),
        null=True,
        blank=True,
        related_name="+",
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    taken_down_at = models.DateTimeField(_("taken down"), null=True, blank=True)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        constraints = [
            models.UniqueConstraint(name="statement_once", fields=["crisis", "number"]),
            models.UniqueConstraint(
                name="statement_one_published",
                fields=["crisis"],
                condition=Q(status=StatementStatus.PUBLISHED),
            ),
            models.CheckConstraint(
                name="statement_published_by_somebody",
                condition=Q(
                    status=StatementStatus.DRAFT, published_at__isnull=True, published_by__isnull=True
                )
                | Q(
                    status__in=[StatementStatus.PUBLISHED, StatementStatus.TAKEN_DOWN],
                    published_at__isnull=False,
                    published_by__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="statement_taken_down_has_time",
                condition=Q(status=StatementStatus.TAKEN_DOWN, taken_down_at__isnull=False)
                | ~Q(status=StatementStatus.TAKEN_DOWN) & Q(taken_down_at__isnull=True),
            ),
            models.CheckConstraint(name="statement_says_something", condition=~Q(title="") & ~Q(body="")),
            models.CheckConstraint(
                name="statement_english_is_whole",
                condition=Q(title_en="", body_en="") | ~Q(title_en="") & ~Q(body_en=""),
            ),
        ]
        indexes = [
            models.Index(  # what the public reads
                name="statement_public",
                fields=["-published_at"],
                condition=Q(status=StatementStatus.PUBLISHED),
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"

    def said(self, name: str) -> str:
        """A text of it in the language of the moment; Chinese where there is no English."""
        english = str(getattr(self, f"{name}_en"))
        is_english = (get_language() or "").startswith("en")
        return english if is_english and english else str(getattr(self, name))
