"""How colleagues are told beyond the desk: messengers, and what is gathered for one message."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models.org import Department


class MessengerKind(models.TextChoices):
    """A messenger service."""

    DINGTALK = "dingtalk", _("DingTalk")
    FEISHU = "feishu", _("Feishu")
    WECOM = "wecom", _("WeCom")
    OTHER = "other", _("another")


class Messenger(models.Model):
    """A chat robot that tells a department's group, or one colleague. Its address is a secret."""

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=16, choices=MessengerKind)
    department = models.ForeignKey(
        Department,
        models.CASCADE,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="messengers",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("colleague"),
        null=True,
        blank=True,
        related_name="messengers",
    )
    sealed_url = models.TextField(
        editable=False, help_text="The address, encrypted: feedback.org.messengers opens it."
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("messenger")
        verbose_name_plural = _("messengers")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(name="messenger_kind_known", condition=Q(kind__in=MessengerKind.values)),
            models.CheckConstraint(
                name="messenger_has_one_owner",
                condition=Q(department__isnull=False, user__isnull=True)
                | Q(department__isnull=True, user__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DigestLine(models.Model):
    """Something that a colleague or a messenger is to be told in the next message, then deleted.

    Only ever added by those who have something to tell, so that they wait for nobody.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    messenger = models.ForeignKey(
        Messenger, models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    alerts = models.JSONField(help_text="A list of [case, kind of alert, its data].")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="digestline_for_one",
                condition=Q(user__isnull=False, messenger__isnull=True)
                | Q(user__isnull=True, messenger__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id or self.messenger_id} {self.at:%F %T}"


class Digest(models.Model):
    """When a colleague or a messenger was last told what had been gathered."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="digest"
    )
    messenger = models.OneToOneField(Messenger, models.CASCADE, null=True, blank=True, related_name="digest")
    made_at = models.DateTimeField()
    number = models.PositiveIntegerField(default=1, help_text="Of the last message.")

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        constraints = [
            models.CheckConstraint(
                name="digest_for_one",
                condition=Q(user__isnull=False, messenger__isnull=True)
                | Q(user__isnull=True, messenger__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id or self.messenger_id} #{self.number}"


class TeamRule(models.Model):
    """How departments work together: one row."""

    alert_window = models.DurationField(
        _("one message every"),
        help_text=_("A colleague gets one letter and a messenger one message in this time, with all in it."),
    )
    bounce_limit = models.PositiveSmallIntegerField(
        _("rejections until a lead decides"),
        help_text=_("After so many rejected handoffs of a case only a lead may ask on, and that binds."),
    )

    class Meta:
        verbose_name = _("rules of working together")
        verbose_name_plural = _("rules of working together")
        constraints = [
            models.CheckConstraint(name="teamrule_one_row", condition=Q(id=1)),
            models.CheckConstraint(name="teamrule_window", condition=Q(alert_window__gte="00:00:00")),
            models.CheckConstraint(name="teamrule_bounces", condition=Q(bounce_limit__gte=1)),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
