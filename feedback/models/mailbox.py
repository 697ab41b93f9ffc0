"""Mailboxes: where members write to us, and from where we answer."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from feedback.models.choices import CaseKind
from feedback.models.org import Department


class Security(models.TextChoices):
    """How the line to a mail server is kept private."""

    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("none (only inside one machine)")


class Mailbox(Bilingual):
    """An e-mail address of ours. Its name is what members read as the sender."""

    address = models.EmailField(_("address"), unique=True)
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
    imap_host = models.CharField(_("IMAP server"), max_length=200, blank=True)
    imap_port = models.PositiveIntegerField(_("IMAP port"), default=993)
    imap_security = models.CharField(
        _("IMAP encryption"), max_length=8, choices=Security, default=Security.TLS
    )
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    smtp_host = models.CharField(
        _("SMTP server"), max_length=200, blank=True, help_text=_("Empty: the installation's own.")
    )
    smtp_port = models.PositiveIntegerField(_("SMTP port"), default=587)
    smtp_security = models.CharField(
        _("SMTP encryption"), max_length=8, choices=Security, default=Security.STARTTLS
    )
    username = models.CharField(_("user name"), max_length=200, blank=True)
    password = models.TextField(_("password"), blank=True, help_text="As config.common.vault encrypts it.")
    tags_addresses = models.BooleanField(
        _("takes tagged addresses"),
        default=True,
        help_text=_(
            "Letters to name+tag@… arrive here too. Else answers are known by their Message-ID only."
        ),
    )
    since = models.DateTimeField(
        _("takes letters since"),
        null=True,
        blank=True,
        help_text=_("Older ones in the mailbox are left alone. Empty: since the first connection."),
    )
    uid_validity = models.BigIntegerField(null=True, blank=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    trying_uid = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="The letter that is being read, by its number."
    )
    tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="How often a worker began to read it, and died."
    )
    busy_until = models.DateTimeField(null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(_("last looked into"), null=True, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True, editable=False)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["address"]
        constraints = [
            models.CheckConstraint(name="mailbox_kind_known", condition=Q(kind__in=CaseKind.values)),
            models.CheckConstraint(
                name="mailbox_security_known",
                condition=Q(imap_security__in=Security.values, smtp_security__in=Security.values),
            ),
        ]
