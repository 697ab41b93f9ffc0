"""Campaigns: a questionnaire put to whom, on what occasion, in which waves."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Segment
from config.common.bilingual import Bilingual
from feedback.models import Priority
from surveys.models.questionnaire import Survey, in_language


class Occasion(models.TextChoices):
    """When a campaign asks."""

    ONCE = "once", _("once")
    RECURRING = "recurring", _("every month or quarter")
    ORDERED = "ordered", _("an order was paid")
    DELIVERED = "delivered", _("an order has arrived")
    CASE_CLOSED = "case_closed", _("a case was closed")
    TIER_CHANGED = "tier_changed", _("the member's tier changed")
    OPEN = "open", _("whoever follows the link, in the shop's pages or on paper")


TRIGGERED = (Occasion.ORDERED, Occasion.DELIVERED, Occasion.CASE_CLOSED, Occasion.TIER_CHANGED)
"""What something that happened to a member sets off."""


class Rhythm(models.TextChoices):
    """How long a wave of a recurring campaign is."""

    MONTH = "month", _("every month")
    QUARTER = "quarter", _("every quarter")


class CampaignState(models.TextChoices):
    """Where a campaign stands."""

    DRAFT = "draft", _("being prepared")
    RUNNING = "running", _("asking")
    PAUSED = "paused", _("paused")
    ENDED = "ended", pgettext_lazy("campaign", "ended")


class AskChannel(models.TextChoices):
    """By what somebody is asked."""

    PUSH = "push", _("message in the app")
    SMS = "sms", _("text message")
    WECHAT = "wechat", _("WeChat")
    EMAIL = "email", _("e-mail")
    PORTAL = "portal", _("in the portal only")


class Campaign(Bilingual):
    """A questionnaire put to some members on an occasion."""

    code = models.SlugField(_("code"), unique=True)
    survey = models.ForeignKey(
        Survey, models.PROTECT, verbose_name=_("questionnaire"), related_name="campaigns"
    )
    occasion = models.CharField(_("asked when"), max_length=16, choices=Occasion)
    rhythm = models.CharField(_("how often"), max_length=8, choices=Rhythm, blank=True)
    state = models.CharField(
        _("state"), max_length=8, choices=CampaignState, default=CampaignState.DRAFT, editable=False
    )
    is_anonymous = models.BooleanField(
        _("anonymous"),
        default=False,
        help_text=_(
            "Answers are kept without member, link and moment, for good. Stays as it is once launched."
        ),
    )
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        verbose_name=_("segment"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Only its members are asked; none: all."),
    )
    holdout = models.PositiveSmallIntegerField(
        _("never asked (per cent)"),
        default=0,
        help_text=_("The same members in all waves, to compare with those who are asked."),
    )
    quota = models.PositiveIntegerField(
        _("answers wanted"), null=True, blank=True, help_text=_("A wave takes no more. Empty: all that come.")
    )
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    delay_hours = models.PositiveSmallIntegerField(_("after (hours)"), default=0)
    within_days = models.PositiveSmallIntegerField(
        _("only what happened in the last (days)"),
        default=7,
        help_text=_("So that a new campaign does not ask about old matters."),
    )
    valid_days = models.PositiveSmallIntegerField(_("answerable for (days)"), default=14)
    remind_days = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name=_("reminded after (days)"),
        default=list,
        blank=True,
        help_text=_("Whoever has not answered, separated by commas; at most two."),
    )
    rest_days = models.PositiveSmallIntegerField(
        _("same questionnaire again after (days)"),
        default=0,
        help_text=_("A member is not asked it again before. 0: each time."),
    )
    is_capped = models.BooleanField(
        _("capped"),
        default=True,
        help_text=_("Counts towards the cap of all surveys and is held back by it."),
    )
    waits_for_cases = models.BooleanField(_("not while a case of the member is open"), default=True)
    channels = ArrayField(
        models.CharField(max_length=12, choices=AskChannel),
        verbose_name=_("sent by"),
        default=list,
        blank=True,
        help_text=_("The first that reaches the member; none: the portal only."),
    )
    follow_up_priority = models.PositiveSmallIntegerField(
        _("priority of a follow-up"), choices=Priority, default=Priority.HIGH
    )
    sends_thanks = models.BooleanField(
        _("sends thanks"),
        default=False,
        help_text=_("A message to whoever answered without a bad score, in the words of the questionnaire."),
    )
    invites_reviews = models.BooleanField(
        _("invites to a public review"),
        default=False,
        help_text=_("Everybody who answered, whatever the score: choosing by score is against the rules."),
    )

    class Meta:
        verbose_name = _("survey campaign")
        verbose_name_plural = _("survey campaigns")
        permissions = [("see_all_results", _("See the answers of all departments, and of nobody’s case"))]
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="campaign_known",
                condition=Q(occasion__in=Occasion.values, state__in=CampaignState.values),
            ),
            models.CheckConstraint(
                name="campaign_rhythm",
                condition=Q(occasion=Occasion.RECURRING, rhythm__in=Rhythm.values)
                | ~Q(occasion=Occasion.RECURRING) & Q(rhythm=""),
            ),
            models.CheckConstraint(
                name="campaign_sense",
                condition=Q(valid_days__gt=0, within_days__gt=0, holdout__lte=50)
                & (Q(quota__isnull=True) | Q(quota__gt=0))
                & Q(remind_days__len__lte=2),
            ),
            models.CheckConstraint(
                name="campaign_channels", condition=Q(channels__contained_by=AskChannel.values)
            ),
            models.CheckConstraint(
                name="campaign_from_until",
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
            ),
        ]


class CampaignWording(models.Model):
    """How a campaign asks by one channel; without one, it asks in the house's words."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="wordings", db_index=False)
    channel = models.CharField(_("channel"), max_length=12, choices=AskChannel)
    title = models.CharField(pgettext_lazy("survey", "title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=120, blank=True)
    body = models.TextField(_("text"), max_length=1_000, blank=True)
    body_en = models.TextField(_("text in English"), max_length=1_000, blank=True)
    reminder = models.TextField(_("text of a reminder"), max_length=1_000, blank=True)
    reminder_en = models.TextField(_("text of a reminder in English"), max_length=1_000, blank=True)

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        ordering = ["campaign", "channel"]
        constraints = [models.UniqueConstraint(name="campaignwording_once", fields=["campaign", "channel"])]

    def __str__(self) -> str:
        return str(AskChannel(self.channel).label)

    def heading(self) -> str:
        """The title in the language of the moment."""
        return in_language(self.title, self.title_en)

    def text(self) -> str:
        """The text in the language of the moment."""
        return in_language(self.body, self.body_en)

    def reminding(self) -> str:
        """The text of a reminder in the language of the moment."""
        return in_language(self.reminder, self.reminder_en)


class Stratum(Bilingual):
    """Members of a campaign who are drawn at a rate of their own. A member is in the first that fits."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="strata", db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        verbose_name=_("segment"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: everyone else."),
    )
    share = models.DecimalField(_("drawn (per cent)"), max_digits=5, decimal_places=2, default=100)
    quota = models.PositiveIntegerField(_("answers wanted"), null=True, blank=True)

    class Meta:
        verbose_name = _("stratum")
        verbose_name_plural = _("strata")
        ordering = ["campaign", "position"]
        constraints = [
            models.UniqueConstraint(
                name="stratum_position",
                fields=["campaign", "position"],
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                name="stratum_share",
                condition=Q(share__gte=0, share__lte=100) & (Q(quota__isnull=True) | Q(quota__gt=0)),
            ),
        ]
