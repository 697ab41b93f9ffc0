"""How playbooks were used: what was done, given, and asked of others."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.case import Case
from feedback.models.playbook import Playbook, PlaybookVersion, RemedyKind
from feedback.models.remedy import Remedy


class PlaybookUse(models.Model):
    """A playbook that was applied to a case: once each."""

    playbook = models.ForeignKey(
        Playbook, models.PROTECT, verbose_name=_("playbook"), related_name="uses", db_index=False
    )
    version = models.ForeignKey(PlaybookVersion, models.PROTECT, related_name="uses")
    case = models.ForeignKey(Case, models.CASCADE, verbose_name=_("case"), related_name="playbook_uses")
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("applied by"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Nobody: a ladder."),
    )
    applied_at = models.DateTimeField(_("applied"))
    refusals = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        editable=False,
        help_text="Why a remedy was not given, the last time, by its place in the version.",
    )

    class Meta:
        verbose_name = _("use of a playbook")
        verbose_name_plural = _("uses of playbooks")
        constraints = [models.UniqueConstraint(name="playbookuse_once", fields=["playbook", "case"])]
        indexes = [models.Index(name="playbookuse_applied", fields=["applied_at"])]  # playbooks.report

    def __str__(self) -> str:
        return f"{self.playbook_id} · {self.case_id}"


class StepDone(models.Model):
    """A step of a use that was ticked off."""

    use = models.ForeignKey(PlaybookUse, models.CASCADE, related_name="steps_done", db_index=False)
    number = models.PositiveSmallIntegerField(help_text="The place of the step in the version, from 1.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="stepdone_once", fields=["use", "number"])]

    def __str__(self) -> str:
        return f"{self.use_id}:{self.number}"


class RequestStatus(models.TextChoices):
    """How far a request has come."""

    OPEN = "open", pgettext_lazy("request", "asked for")
    DONE = "done", pgettext_lazy("request", "carried out")
    REFUSED = "refused", pgettext_lazy("request", "refused")


class RemedyRequest(models.Model):
    """A refund, a parcel or a price difference that somebody outside the case has to carry out.

    Huiyin moves neither money nor goods here: the request is on record until finance or the warehouse says
    that it was done.
    """

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=_("case"), related_name="remedy_requests")
    use = models.ForeignKey(
        PlaybookUse, models.PROTECT, null=True, blank=True, related_name="requests", db_index=False
    )
    place = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of the remedy in the version.")
    kind = models.CharField(_("kind"), max_length=16, choices=RemedyKind)
    amount_fen = models.PositiveBigIntegerField(
        _("amount (fen)"), null=True, blank=True, help_text=_("None: whoever carries it out says how much.")
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=RequestStatus, default=RequestStatus.OPEN)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("asked by"),
        null=True,
        blank=True,
        related_name="+",
    )
    asked_at = models.DateTimeField(_("asked"))
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("ended by"),
        null=True,
        blank=True,
        related_name="+",
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    outcome = models.CharField(
        _("outcome"), max_length=500, blank=True, help_text=_("Such as the payment's number.")
    )

    class Meta:
        verbose_name = _("request for a remedy")
        verbose_name_plural = _("requests for remedies")
        permissions = [("end_remedyrequest", "Can say that a requested remedy was carried out")]
        constraints = [
            models.CheckConstraint(
                name="remedyrequest_kind_fits",
                condition=Q(kind__in=[RemedyKind.REFUND, RemedyKind.RESHIP, RemedyKind.PRICE_DIFFERENCE]),
            ),
            models.CheckConstraint(
                name="remedyrequest_ended_has_time",
                condition=Q(status=RequestStatus.OPEN, ended_at__isnull=True, ended_by__isnull=True)
                | (
                    Q(status__in=[RequestStatus.DONE, RequestStatus.REFUSED])
                    & Q(ended_at__isnull=False, ended_by__isnull=False)
                    & ~Q(outcome="")
                ),
            ),
            models.UniqueConstraint(name="remedyrequest_once", fields=["use", "place"]),
        ]
        indexes = [
            models.Index(  # the list of what is to be carried out
                name="remedyrequest_open", fields=["asked_at"], condition=Q(status=RequestStatus.OPEN)
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.case_id}"


class PlaybookGiven(models.Model):
    """Which remedy of a use came to which grant."""

    use = models.ForeignKey(PlaybookUse, models.CASCADE, related_name="given", db_index=False)
    place = models.PositiveSmallIntegerField(help_text="Of the remedy in the version, from 1.")
    remedy = models.OneToOneField(Remedy, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="playbookgiven_once", fields=["use", "place"])]

    def __str__(self) -> str:
        return f"{self.use_id}:{self.place}"
