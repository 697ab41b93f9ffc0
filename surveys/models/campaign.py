"""Campaigns: a questionnaire put to whom, on what occasion, in which waves."""

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
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


class SurveyTerms(models.Model):
    """What holds for all campaigns together. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    most = models.PositiveSmallIntegerField(
        _("at most (surveys)"), default=2, help_text=_("That a member is asked to answer, of all together.")
    )
    days = models.PositiveSmallIntegerField(pgettext_lazy("survey cap", "in (days)"), default=30)
    quiet_from = models.TimeField(_("quiet from"), default=time(21))
    quiet_until = models.TimeField(_("quiet until"), default=time(9))
    smallest_cell = models.PositiveSmallIntegerField(
        _("smallest group shown"),
        default=5,
        help_text=_("Of anonymous answers: no figure of fewer, nor one that gives fewer away."),
    )

    told_at = models.TimeField(
        _("results told at"),
        default="17:00",
        help_text=_("Once a day, to agents and leads, of their own cases; bad ones at once."),
    )
    told_upto = models.DateTimeField(null=True, editable=False, help_text="Answers before this were told.")
    closed_upto = models.DateTimeField(
        null=True, editable=False, help_text="The night up to which anonymous days were closed."
    )
    few = models.PositiveSmallIntegerField(
        _("few answers below"),
        default=30,
        help_text=_("Figures of fewer are marked, and never ranked."),
    )

    class Meta:
        verbose_name = _("terms of surveys")
        verbose_name_plural = _("terms of surveys")
        constraints = [
            models.CheckConstraint(name="surveyterms_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="surveyterms_some", condition=Q(most__gt=0, days__gt=0, smallest_cell__gte=2, few__gte=2)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.most} / {self.days}"


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


ONLY = "1"
"""The label of the wave of a campaign that asks once."""


class Wave(models.Model):
    """One round of a campaign: all of a campaign that asks once, else a month or quarter of it."""

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, verbose_name=_("campaign"), related_name="waves", db_index=False
    )
    label = models.CharField(_("wave"), max_length=12, help_text='Such as "2026-Q4", "2026-11", or "1".')
    opens_at = models.DateTimeField(_("opens"))
    closes_at = models.DateTimeField(_("closes"), null=True)
    drawn_up_to = models.BigIntegerField(
        default=0, help_text="Members up to this number were drawn or not: where the next step goes on."
    )
    drawn_at = models.DateTimeField(_("drawn"), null=True, help_text="When all were.")

    class Meta:
        verbose_name = _("wave")
        verbose_name_plural = _("waves")
        ordering = ["campaign", "-opens_at"]
        constraints = [
            models.UniqueConstraint(name="wave_once", fields=["campaign", "label"]),
            models.CheckConstraint(
                name="wave_forward", condition=Q(closes_at__isnull=True) | Q(closes_at__gt=F("opens_at"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.campaign) if self.label == ONLY else f"{self.campaign} {self.label}"

    def called(self) -> str:
        """What people call it; of a campaign that asks once, the day on which it began."""
        return f"{timezone.localdate(self.opens_at)}" if self.label == ONLY else self.label


class WaveCell(models.Model):
    """How many answered of a stratum in a wave, where there is a quota: locked while one is counted."""

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="cells", db_index=False)
    stratum = models.ForeignKey(
        Stratum, models.PROTECT, null=True, related_name="cells", help_text="None: the whole wave."
    )
    quota = models.PositiveIntegerField(_("answers wanted"))
    answered = models.PositiveIntegerField(_("answers"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="wavecell_once", fields=["wave", "stratum"], nulls_distinct=False),
            models.CheckConstraint(name="wavecell_not_over", condition=Q(answered__lte=F("quota"))),
        ]

    def __str__(self) -> str:
        return f"{self.wave_id} {self.stratum_id}: {self.answered} / {self.quota}"
