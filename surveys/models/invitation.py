"""Asking: who was asked, who was not and why, and what is half answered."""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member, Order
from feedback.models import Agent, Case, Department
from surveys.models.campaign import Stratum
from surveys.models.questionnaire import SurveyVersion
from surveys.models.wave import Wave


class Way(models.TextChoices):
    """How somebody came to the questions."""

    ASKED = "asked", _("was asked")
    EMBED = "embed", _("in the shop's pages")
    LINK = "link", _("by the open link")
    PAPER = "paper", _("on paper")


class Invitation(models.Model):
    """One asking of one member, or one opening of an open campaign.

    The token of its link is made of the nonce and the secret key; only its digest is kept. Of an anonymous
    campaign it tells that the member has answered, never when, and nothing leads from it to the answer: it is
    marked at the end of the day, together with the others (see SpentLink).
    """

    wave = models.ForeignKey(
        Wave, models.PROTECT, verbose_name=_("wave"), related_name="invitations", db_index=False
    )
    version = models.ForeignKey(
        SurveyVersion, models.PROTECT, verbose_name=_("version"), related_name="invitations"
    )
    member = models.ForeignKey(
        Member,
        models.PROTECT,
        verbose_name=_("member"),
        null=True,
        related_name="invitations",
        db_index=False,
    )
    stratum = models.ForeignKey(
        Stratum, models.PROTECT, verbose_name=_("stratum"), null=True, related_name="invitations"
    )
    way = models.CharField(_("came"), max_length=8, choices=Way, default=Way.ASKED)
    case = models.ForeignKey(
        Case, models.PROTECT, verbose_name=_("case"), null=True, blank=True, related_name="invitations"
    )
    agent = models.ForeignKey(
        Agent,
        models.PROTECT,
        verbose_name=_("agent"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Who had the case when the member was asked: the answer and the rates count there.",
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Likewise.",
    )
    order = models.ForeignKey(
        Order, models.PROTECT, verbose_name=_("order"), null=True, blank=True, related_name="invitations"
    )
    segments = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("segments"),
        default=list,
        help_text="Codes of those that the member is in.",
    )
    key = models.CharField(
        _("occasion"), max_length=60, help_text='Such as "case:12" or "order:5"; of a drawn one "member:7".'
    )
    nonce = models.UUIDField(default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    is_anonymous = models.BooleanField(_("anonymous"), default=False)
    invited_at = models.DateTimeField(_("invited"))
    expires_at = models.DateTimeField(_("expires"))
    channel = models.CharField(_("sent by"), max_length=12, blank=True)
    opened_at = models.DateTimeField(pgettext_lazy("invitation", "opened"), null=True)
    remind_at = models.DateTimeField(_("next reminder"), null=True)
    reminders = models.PositiveSmallIntegerField(_("reminders"), default=0)
    delivered_at = models.DateTimeField(
        _("has arrived"), null=True, help_text="As the gateway of its channel has said; many say nothing."
    )
    returned_at = models.DateTimeField(_("came back last"), null=True, help_text="By any channel.")
    returned_why = models.CharField(_("why it came back"), max_length=200, blank=True, db_default="")
    bounced_at = models.DateTimeField(
        _("could not be delivered"), null=True, help_text="By no channel: the last one came back too."
    )
    opted_out_at = models.DateTimeField(_("wanted no more"), null=True)
    is_answered = models.BooleanField(pgettext_lazy("invitation", "answered"), default=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        triggers = [
            pgtrigger.Protect(
                name="answered_stays",  # whoever has answered is never asked the same again
                operation=pgtrigger.UpdateOf("is_answered"),
                condition=pgtrigger.Condition("OLD.is_answered AND NOT NEW.is_answered"),
            )
        ]
        constraints = [
            models.UniqueConstraint(name="invitation_once", fields=["wave", "key"]),
            models.CheckConstraint(name="invitation_forward", condition=Q(expires_at__gt=F("invited_at"))),
            models.CheckConstraint(
                name="invitation_of_a_member",
                condition=Q(member__isnull=False) | Q(way__in=[Way.EMBED, Way.LINK, Way.PAPER]),
            ),
            models.CheckConstraint(name="invitation_known", condition=Q(way__in=Way.values)),
            models.CheckConstraint(
                name="invitation_anonymous", condition=Q(is_anonymous=False) | Q(opened_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(name="invitation_member", fields=["member", "-invited_at"]),  # portal, both caps
            BrinIndex(name="invitation_expires", fields=["expires_at"], autosummarize=True),  # retention
            models.Index(  # invitations.reminding
                name="invitation_remind",
                fields=["remind_at"],
                condition=Q(remind_at__isnull=False, is_answered=False),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class SkipReason(models.TextChoices):
    """Why somebody who was drawn, or to whom it happened, was not asked."""

    HOLDOUT = "holdout", _("in the group that is never asked")
    NOT_DRAWN = "not_drawn", _("not drawn")
    RESTING = "resting", _("asked the same not long ago")
    CAP = "cap", _("asked often enough of late")
    CONSENT = "consent", _("does not want to be asked")
    NO_CHANNEL = "no_channel", _("cannot be reached")
    OPEN_CASE = "open_case", _("a case was open")
    QUOTA = "quota", _("enough have answered")
    TOO_OLD = "too_old", _("too long ago")
    ERASED = "erased", _("the member's data was erased")
    ENDED = "ended", _("the campaign was ended before")


class Skip(models.Model):
    """Somebody who was not asked, and why. Members of a drawing whom chance left out have no row."""

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="skips", db_index=False)
    member = models.ForeignKey(
        Member, models.CASCADE, verbose_name=_("member"), related_name="survey_skips", db_index=False
    )
    key = models.CharField(_("occasion"), max_length=60)
    reason = models.CharField(_("reason"), max_length=12, choices=SkipReason)
    at = models.DateTimeField(pgettext_lazy("survey", "when"))

    class Meta:
        verbose_name = _("somebody not asked")
        verbose_name_plural = _("those not asked")
        constraints = [
            models.UniqueConstraint(name="skip_once", fields=["wave", "key"]),
            models.CheckConstraint(name="skip_known", condition=Q(reason__in=SkipReason.values)),
        ]
        indexes = [
            models.Index(name="skip_member", fields=["member", "-at"]),  # the member's page
            BrinIndex(name="skip_at", fields=["at"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.wave_id} {self.key} {self.reason}"


class Waiting(models.Model):
    """Somebody to be asked later: after a delay, at the end of the night, when their case is closed."""

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="waiting", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("member"), related_name="+")
    stratum = models.ForeignKey(Stratum, models.PROTECT, null=True, related_name="+")
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="+")
    order = models.ForeignKey(Order, models.CASCADE, null=True, related_name="+")
    key = models.CharField(_("occasion"), max_length=60)
    happened_at = models.DateTimeField(_("happened"))
    due_at = models.DateTimeField(_("due"))

    class Meta:
        verbose_name = _("somebody to be asked")
        verbose_name_plural = _("those to be asked")
        constraints = [models.UniqueConstraint(name="waiting_once", fields=["wave", "key"])]
        indexes = [models.Index(name="waiting_of_wave", fields=["wave", "due_at"])]  # invitations.inviting

    def __str__(self) -> str:
        return f"{self.wave_id} {self.key}"


class Draft(models.Model):
    """What was answered so far and not sent yet. It is no answer, and counts in no figure but the drop-off.

    `key` is made of the link's token and nothing else that is kept: an anonymous draft leads to nobody.
    """

    key = models.CharField(max_length=64, primary_key=True)
    wave = models.ForeignKey(Wave, models.PROTECT, related_name="drafts")
    version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="+")
    invitation = models.OneToOneField(
        Invitation, models.CASCADE, null=True, related_name="draft", help_text="None: anonymous."
    )
    answers = models.JSONField(default=dict, help_text="By the question's code.")
    last = models.CharField(_("last question"), max_length=50, blank=True)
    saved_on = models.DateField(_("saved"))

    class Meta:
        verbose_name = _("draft of an answer")
        verbose_name_plural = _("drafts of answers")
        indexes = [BrinIndex(name="draft_saved", fields=["saved_on"], autosummarize=True)]  # retention

    def __str__(self) -> str:
        return f"{self.wave_id} {self.last}"


def path_of_draft(file: "DraftFile", _name: str) -> str:
    """Where a file is kept until it is sent: under the day, by a number that was drawn."""
    return f"drafts/{file.folder}/{file.ref.hex}"


class DraftFile(models.Model):
    """A picture or recording of a draft. When the answer is sent it becomes the answer's."""

    ref = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files")
    question = models.CharField(_("code"), max_length=50)
    folder = models.PositiveIntegerField(help_text="The day as a number, such as 20261122.")
    file = models.FileField(_("file"), upload_to=path_of_draft, max_length=100)
    name = models.CharField(_("name"), max_length=120, blank=True, help_text="Empty: anonymous.")
    content_type = models.CharField(_("type"), max_length=80)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("file of a draft")
        verbose_name_plural = _("files of drafts")
        ordering = ["id"]
        indexes = [models.Index(name="draftfile_folder", fields=["folder"])]  # attachments.remove_orphans

    def __str__(self) -> str:
        return self.name


class SpentLink(models.Model):
    """The link of an anonymous invitation that was answered, until the day's invitations are marked together.

    The key is that of its draft, so that nothing that is kept tells whose it is; and were an invitation
    marked at the moment of the answer, the order in which the rows lie on the disk would.
    """

    key = models.CharField(max_length=64, primary_key=True)
    wave = models.ForeignKey(Wave, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("link that was used")
        verbose_name_plural = _("links that were used")

    def __str__(self) -> str:
        return f"{self.wave_id}"
