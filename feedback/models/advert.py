"""The audit of claims: the words that are looked for, and what was found."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.claim import Claim


class FindingKind(models.TextChoices):
    """What is wrong with a text."""

    ABSOLUTE = "absolute", _("absolute term")
    CONTRADICTION = "contradiction", _("against the facts")
    VAGUE = "vague", _("vague wording")


class AuditTerm(models.Model):
    """Words that a claim should not hold, and where they are innocent."""

    kind = models.CharField(
        _("kind"),
        max_length=16,
        choices=[(kind.value, kind.label) for kind in FindingKind if kind != FindingKind.CONTRADICTION],
    )
    term = models.CharField(
        _("words"),
        max_length=40,
        help_text=_("Spaces and signs within do not hide it; traditional characters are found too."),
    )
    allowed_in = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("innocent in"),
        default=list,
        blank=True,
        help_text=_("Longer words that hold it and mean no harm: 最近, 第一时间."),
    )
    source = models.CharField(_("source"), max_length=200, blank=True, help_text=_("The article of the law."))
    why = models.CharField(_("why"), max_length=300, blank=True)
    suggestion = models.CharField(_("say instead"), max_length=200, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("word of the advert audit")
        verbose_name_plural = _("words of the advert audit")
        ordering = ["kind", "term"]
        constraints = [
            models.UniqueConstraint(name="auditterm_once", fields=["term"]),
            models.CheckConstraint(
                name="auditterm_kind_known",
                condition=Q(kind__in=[FindingKind.ABSOLUTE, FindingKind.VAGUE]),
            ),
            models.CheckConstraint(name="auditterm_says_something", condition=~Q(term="")),
        ]

    def __str__(self) -> str:
        return self.term


class FindingStatus(models.TextChoices):
    """What became of a finding."""

    OPEN = "open", pgettext_lazy("finding", "open")
    ACCEPTED = "accepted", pgettext_lazy("finding", "to be changed")
    FIXED = "fixed", pgettext_lazy("finding", "fixed")
    WAIVED = "waived", pgettext_lazy("finding", "waived")


class Finding(models.Model):
    """Something that the audit found in the text of a claim, at a place of it."""

    claim = models.ForeignKey(  # finding_once begins with it
        Claim, models.CASCADE, verbose_name=_("claim"), related_name="findings", db_index=False
    )
    text_digest = models.CharField(max_length=64, help_text="Of the text that it was found in.")
    kind = models.CharField(_("kind"), max_length=16, choices=FindingKind)
    code = models.CharField(
        _("what"), max_length=120, help_text="The word, or the measure with what the fact says."
    )
    start = models.PositiveIntegerField(_("from character"))
    end = models.PositiveIntegerField(_("up to character"))
    excerpt = models.CharField(_("excerpt"), max_length=200)
    data = models.JSONField(default=dict, help_text="What the words of why and instead are filled with.")
    found_at = models.DateTimeField(_("found"))
    gone_at = models.DateTimeField(
        _("gone"), null=True, blank=True, help_text=_("The text, the words or the facts are others now.")
    )
    status = models.CharField(_("state"), max_length=12, choices=FindingStatus, default=FindingStatus.OPEN)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        constraints = [
            models.CheckConstraint(name="finding_kind_known", condition=Q(kind__in=FindingKind.values)),
            models.CheckConstraint(name="finding_status_known", condition=Q(status__in=FindingStatus.values)),
            models.CheckConstraint(name="finding_place", condition=Q(end__gt=models.F("start"))),
            models.CheckConstraint(
                name="finding_decided",
                condition=Q(status=FindingStatus.OPEN, decided_at=None)
                | ~Q(status=FindingStatus.OPEN) & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="finding_waived_has_reason", condition=~Q(status=FindingStatus.WAIVED) | ~Q(reason="")
            ),
            models.UniqueConstraint(
                name="finding_once", fields=["claim", "text_digest", "kind", "code", "start"]
            ),
        ]
        indexes = [
            models.Index(  # claims.queries: the queue
                name="finding_to_decide",
                fields=["kind", "id"],
                condition=Q(gone_at=None, status__in=[FindingStatus.OPEN, FindingStatus.ACCEPTED]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.excerpt}"
