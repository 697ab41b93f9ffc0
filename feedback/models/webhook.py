"""Systems that send us messages and calls through a signed webhook, and the keys that they sign with."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from feedback.models.choices import CaseKind, Channel
from feedback.models.org import Department

SOURCE_CHANNELS = [Channel.MARKETPLACE, Channel.SOCIAL, Channel.PHONE]


class Scope(models.TextChoices):
    """What a key is good for."""

    MESSAGES = "messages", _("send us messages")
    CALLS = "calls", _("send us calls")
    REPLIES = "replies", _("receive our replies")
    REVIEWS = "reviews", _("send us reviews")
    BEHAVIOUR = "behaviour", _("send us what visitors do")
    POSTS = "posts", _("send us posts")


class WebhookSource(Bilingual):
    """A marketplace's shop, a social account or a telephone system."""

    code = models.SlugField(
        _("code"), unique=True, help_text=_("Stands in its address: /api/v1/inbound/CODE/")
    )
    channel = models.CharField(
        _("channel"), max_length=16, choices=[(one.value, one.label) for one in SOURCE_CHANNELS]
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Takes what comes here; none: the rules for new cases decide."),
    )
    kind = models.CharField(
        _("kind"), max_length=16, choices=CaseKind, default=CaseKind.ENQUIRY, help_text=_("Of new cases.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    field_map = models.JSONField(
        _("field map"),
        default=dict,
        blank=True,
        help_text=_("Our field: where it is in what they send, such as {“text”: “content.text”}."),
    )
    reply_url = models.URLField(
        _("replies go to"), blank=True, help_text=_("Empty: replies are written over there by hand.")
    )

    class Meta:
        verbose_name = _("webhook source")
        verbose_name_plural = _("webhook sources")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="webhooksource_channel_known", condition=Q(channel__in=SOURCE_CHANNELS)
            ),
            models.CheckConstraint(name="webhooksource_kind_known", condition=Q(kind__in=CaseKind.values)),
        ]


class WebhookKey(models.Model):
    """A secret that a source and we share. It is shown once; several may be valid while one is replaced."""

    source = models.ForeignKey(
        WebhookSource, models.CASCADE, verbose_name=_("webhook source"), related_name="keys"
    )
    name = models.CharField(_("name"), max_length=80, blank=True)
    secret = models.TextField(editable=False, help_text="As config.common.vault encrypts it.")
    hint = models.CharField(_("ends in"), max_length=4, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=16, choices=Scope), verbose_name=_("scopes"), default=list
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook key")
        verbose_name_plural = _("webhook keys")
        ordering = ["source", "-created_at"]
        constraints = [
            models.CheckConstraint(
                name="webhookkey_scopes_known", condition=Q(scopes__contained_by=Scope.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.source} …{self.hint}"

    def valid_at(self, at: datetime) -> bool:
        """Whether it may be used at that moment."""
        return self.expires_at is None or at < self.expires_at
