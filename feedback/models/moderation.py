"""Moderation of reviews: what speaks against one, who decided what for which reason, and the second look."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from feedback.models.review import Review

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Signal(models.TextChoices):
    """What may speak against a review. None of them is its stars."""

    BURST_MEMBER = "burst_member", _("many reviews by one member at once")
    BURST_DEVICE = "burst_device", _("reviews by several members on one device")
    DUPLICATE = "duplicate", _("nearly the same text as another")
    STARS_TEXT = "stars_text", _("stars and text contradict each other")
    UNVERIFIED = "unverified", _("no purchase that we know of")
    CONTACT = "contact", _("contact details")
    ADVERT = "advert", _("advertising")
    ABUSE = "abuse", _("abusive words")
    PAID = "paid", _("pattern of a paid review")


BY_WORDS = [Signal.ADVERT, Signal.ABUSE, Signal.PAID]
OF_STARS = (
    r"negativ|critic|\mstars?\M|rating|(low|bad|poor)[-_ ]*(score|review|mark|star)"
    r"|unfavou?r|unflatter|dissatisf|unhappy|pessimis|harsh|reputation"
    r"|差[评評]|中[评評]|低[评評]|[负負]面|低分|低星|星[级級]|[评評]分|打分|[一二两兩三四五1-5]\s*[颗顆个個]?\s*星|不好听|太差"
    r"|消[极極]|不利|抹黑|抱怨|不[满滿]|口碑|形象|[声聲][誉譽]|[难難][听聽]"
)
"""What no reason may speak of, as PostgreSQL's regular expression."""


class ModerationReason(Bilingual):
    """Why a review may be kept from the public. Neither its stars nor what it finds are a reason."""

    code = models.SlugField(_("code"), unique=True)
    hint = models.CharField(_("what it means"), max_length=300, blank=True)
    hint_en = models.CharField(_("what it means (English)"), max_length=300, blank=True)
    stars_count = models.BooleanField(
        _("the stars count all the same"),
        default=True,
        db_default=True,
        help_text=_(
            "Who bought it has rated it, whatever is wrong with the words. Untick this only where it is no"
            " customer’s rating."
        ),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("reason of a moderator")
        verbose_name_plural = _("reasons of moderators")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="moderationreason_not_for_stars",
                condition=~(
                    Q(code__iregex=OF_STARS) | Q(name__iregex=OF_STARS) | Q(name_en__iregex=OF_STARS)
                ),
                violation_error_message=_("A review is never refused for its stars or for being negative."),
            ),
        ]


class SignalRule(models.Model):
    """How much a signal weighs, and from when on it counts."""

    signal = models.CharField(_("signal"), max_length=16, choices=Signal, unique=True)
    weight = models.PositiveSmallIntegerField(_("weight"))
    at_least = models.PositiveSmallIntegerField(
        _("from how many on"), default=1, help_text=_("Reviews of a burst, or the same texts.")
    )
    within_hours = models.PositiveSmallIntegerField(_("within (hours)"), default=24)
    similarity = models.PositiveSmallIntegerField(
        _("alike from (%)"), default=70, help_text=_("Of nearly the same texts: how much they share.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("signal of moderation")
        verbose_name_plural = _("signals of moderation")
        ordering = ["signal"]
        constraints = [
            models.CheckConstraint(name="signalrule_known", condition=Q(signal__in=Signal.values)),
            models.CheckConstraint(
                name="signalrule_sensible",
                condition=Q(weight__gte=1, weight__lte=100, at_least__gte=1, within_hours__gte=1)
                & Q(similarity__gte=30, similarity__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return self.get_signal_display()


class ModerationWord(models.Model):
    """A word or pattern that gives a signal: abuse, adverts, what paid reviews look like."""

    signal = models.CharField(
        _("signal"), max_length=16, choices=[(one.value, one.label) for one in BY_WORDS]
    )
    text = models.CharField(
        _("words"), max_length=120, help_text=_("Found whatever spaces and signs stand in between.")
    )
    is_pattern = models.BooleanField(
        _("regular expression"), default=False, help_text=_("Matched with the text as it was written.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("word of moderation")
        verbose_name_plural = _("words of moderation")
        ordering = ["signal", "text"]
        constraints = [
            models.UniqueConstraint(name="moderationword_once", fields=["signal", "text"]),
            models.CheckConstraint(
                name="moderationword_signal", condition=Q(signal__in=[one.value for one in BY_WORDS])
            ),
            models.CheckConstraint(name="moderationword_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return self.text


class ReviewSignal(models.Model):
    """A signal that was found with a review: the weight that it had then, and what shows it."""

    review = models.ForeignKey(Review, models.PROTECT, verbose_name=_("review"), related_name="signals")
    signal = models.CharField(_("signal"), max_length=16, choices=Signal)
    weight = models.PositiveSmallIntegerField(_("weight"))
    evidence = models.JSONField(_("evidence"), default=dict)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("signal of a review")
        verbose_name_plural = _("signals of reviews")
        ordering = ["-weight", "signal"]
        constraints = [
            models.UniqueConstraint(name="reviewsignal_once", fields=["review", "signal"]),
            models.CheckConstraint(name="reviewsignal_known", condition=Q(signal__in=Signal.values)),
        ]

    def __str__(self) -> str:
        return self.get_signal_display()


class ReviewBand(models.Model):
    """A digest of a part of a text's shingles. Texts that are nearly the same nearly always share one."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="bands", db_index=False)
    hash = models.BigIntegerField()

    class Meta:
        constraints = [  # moderation.duplicates: the latest with a digest, by the index alone
            models.UniqueConstraint(name="reviewband_once", fields=["hash", "review"])
        ]

    def __str__(self) -> str:
        return f"{self.hash} {self.review_id}"


class ModerationVerdict(models.TextChoices):
    """What a moderator decides."""

    PUBLISH = "publish", _("publish")
    REFUSE = "refuse", _("do not publish")


class ModerationDecision(models.Model):
    """What a moderator decided about a review. It stays; a second look is a decision of its own."""

    review = models.ForeignKey(Review, models.PROTECT, verbose_name=_("review"), related_name="decisions")
    verdict = models.CharField(_("verdict"), max_length=8, choices=ModerationVerdict)
    reason = models.ForeignKey(
        ModerationReason, models.PROTECT, verbose_name=_("reason"), null=True, blank=True, related_name="+"
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    score = models.PositiveSmallIntegerField(_("weight of the signals"), default=0)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("moderator"), related_name="+"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("moderator's decision")
        verbose_name_plural = _("moderators' decisions")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="moderationdecision_refused_for_a_reason",
                condition=Q(verdict=ModerationVerdict.REFUSE, reason__isnull=False)
                | Q(verdict=ModerationVerdict.PUBLISH, reason__isnull=True),
            ),
        ]
        indexes = [models.Index(name="moderationdecision_at", fields=["-at"])]  # fairness by period
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return self.get_verdict_display()


class ReviewAppeal(models.Model):
    """A member does not agree that a review is kept from the public: another moderator looks again."""

    review = models.OneToOneField(Review, models.PROTECT, verbose_name=_("review"), related_name="appeal")
    text = models.TextField(_("what the member says"), blank=True)
    at = models.DateTimeField(_("at"))
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("refused by"), related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        related_name="+",
    )
    decision = models.OneToOneField(
        ModerationDecision,
        models.PROTECT,
        verbose_name=_("second decision"),
        null=True,
        blank=True,
        related_name="appeal",
    )

    class Meta:
        verbose_name = _("appeal about a review")
        verbose_name_plural = _("appeals about reviews")
        constraints = [
            models.CheckConstraint(
                name="reviewappeal_by_another", condition=Q(decided_by=None) | ~Q(decided_by=F("refused_by"))
            ),
            models.CheckConstraint(
                name="reviewappeal_decided_whole",
                condition=Q(decided_by__isnull=True, decision__isnull=True)
                | Q(decided_by__isnull=False, decision__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="reviewappeal_open", fields=["at"], condition=Q(decision=None))  # the queue
        ]

    def __str__(self) -> str:
        return self.text[:60]
