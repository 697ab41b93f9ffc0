"""Invitations and what came back."""

import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from feedback.models import Case
from surveys.models.campaign import Campaign, Question


class Invitation(models.Model):
    """One asking of one member.

    The token of its link is made of the nonce and the secret key; only its digest is kept.
    """

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, verbose_name=_("campaign"), related_name="invitations"
    )
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="invitations")
    case = models.ForeignKey(
        Case, models.PROTECT, verbose_name=_("case"), null=True, blank=True, related_name="invitations"
    )
    nonce = models.UUIDField(default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    invited_at = models.DateTimeField(_("invited"))
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(name="invitation_once_a_case", fields=["campaign", "case"]),
            models.CheckConstraint(name="invitation_forward", condition=Q(expires_at__gt=F("invited_at"))),
        ]
        indexes = [
            models.Index(name="invitation_member", fields=["member", "-invited_at"]),  # portal
            BrinIndex(name="invitation_expires", fields=["expires_at"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.member_id}"


class Response(models.Model):
    """What a member answered to one invitation."""

    invitation = models.OneToOneField(
        Invitation, models.PROTECT, verbose_name=_("invitation"), related_name="response"
    )
    at = models.DateTimeField(_("answered at"))
    follow_up = models.OneToOneField(
        Case,
        models.PROTECT,
        verbose_name=_("follow-up case"),
        null=True,
        blank=True,
        related_name="followed_response",
    )

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        indexes = [models.Index(name="response_at", fields=["at"])]  # figures by day

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.at:%F %T}"


class Answer(models.Model):
    """The answer to one question."""

    response = models.ForeignKey(Response, models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, models.PROTECT, verbose_name=_("question"), related_name="answers")
    score = models.PositiveSmallIntegerField(_("score"), null=True, blank=True)
    text = models.TextField(_("text"), blank=True)

    class Meta:
        verbose_name = _("survey answer")
        verbose_name_plural = _("survey answers")
        constraints = [
            models.UniqueConstraint(name="answer_once", fields=["response", "question"]),
            models.CheckConstraint(
                name="answer_score_range", condition=Q(score__isnull=True) | Q(score__gte=1, score__lte=5)
            ),
        ]

    def __str__(self) -> str:
        return str(self.score) if self.score is not None else self.text[:60]
