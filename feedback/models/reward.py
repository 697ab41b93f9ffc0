"""What useful reviews are rewarded with, whatever their stars.

Neither a rule nor a reward has a column that knows of stars, of a feeling or of what a review praises: no
condition can be made of what is not there. The names and words of a rule cannot ask for praise either.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from compensation.models import Because, CouponTemplate, Grant, Member
from config.common.bilingual import Bilingual
from feedback.models.review import PORTAL, Review

PRAISE = (
    r"好\s*[评評]|[满滿全]\s*星|[1245一二四五１２４５]\s*(颗|顆|个|個)?\s*星|星[级級]|高分|[打评評给給]\s*[五5５]\s*分|"
    r"[赞讚]美|[表夸誇][扬揚奖獎]|★|⭐|🌟|"
    r"(five|four|[45])[\s-]*stars?|(good|great|positive|favou?rable|high|top|best)[\s-]+(reviews?|ratings?|scores?)|praise"
)
"""Words that ask for stars or praise; read alike by PostgreSQL and by Python."""


class RewardedKind(models.TextChoices):
    """Which reviews a rule looks at."""

    FIRST = "first", _("first reviews")
    FOLLOW_UP = "follow_up", _("follow-up reviews")


class RewardRule(Bilingual):
    """What makes a review useful, and what its member gets for it: the same for one star as for five."""

    code = models.SlugField(_("code"), unique=True)
    words = models.CharField(
        _("what members read"), max_length=200, blank=True, help_text=_("Empty: made of the conditions.")
    )
    words_en = models.CharField(_("the same in English"), max_length=200, blank=True)
    about = models.CharField(_("rewards"), max_length=9, choices=RewardedKind, default=RewardedKind.FIRST)
    length_from = models.PositiveSmallIntegerField(
        _("characters at least"),
        default=0,
        help_text=_("Without blanks and signs; what only repeats itself does not count."),
    )
    pictures_from = models.PositiveSmallIntegerField(_("pictures at least"), default=0)
    asks_video = models.BooleanField(_("with a video"), default=False)
    dimensions_from = models.PositiveSmallIntegerField(
        _("dimensions rated at least"), default=0, help_text=_("That they are rated counts, not how.")
    )
    votes_from = models.PositiveSmallIntegerField(_("found helpful by at least"), default=0)
    asks_pick = models.BooleanField(_("picked by a moderator"), default=False)
    asks_purchase = models.BooleanField(
        _("the purchase stands"), default=True, help_text=_("The goods were received and not sent back.")
    )
    after_days = models.PositiveSmallIntegerField(
        _("written so many days after the first"), default=0, help_text=_("For follow-up reviews.")
    )
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), null=True, blank=True, related_name="+"
    )
    month_limit = models.PositiveSmallIntegerField(
        _("at most for a member in a month"), default=5, help_text=_("Rewards by this rule.")
    )
    department = models.CharField(
        _("department"), max_length=40, blank=True, help_text=_("Whose budget pays; its code.")
    )
    starts_at = models.DateTimeField(
        _("from"), default=timezone.now, help_text=_("Reviews written before earn nothing.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("rule for rewarding reviews")
        verbose_name_plural = _("rules for rewarding reviews")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="rewardrule_never_for_stars",
                condition=~Q(name__iregex=PRAISE)
                & ~Q(name_en__iregex=PRAISE)
                & ~Q(words__iregex=PRAISE)
                & ~Q(words_en__iregex=PRAISE),
            ),
            models.CheckConstraint(
                name="rewardrule_gives_one",
                condition=Q(points__gt=0, points__isnull=False, template__isnull=True)
                | Q(points__isnull=True, template__isnull=False),
            ),
            models.CheckConstraint(
                name="rewardrule_asks_something",
                condition=Q(length_from__gt=0)
                | Q(pictures_from__gt=0)
                | Q(asks_video=True)
                | Q(dimensions_from__gt=0)
                | Q(votes_from__gt=0)
                | Q(asks_pick=True)
                | Q(after_days__gt=0),
            ),
            models.CheckConstraint(name="rewardrule_about_known", condition=Q(about__in=RewardedKind.values)),
            models.CheckConstraint(
                name="rewardrule_days_of_follow_ups",
                condition=Q(after_days=0) | Q(about=RewardedKind.FOLLOW_UP),
            ),
            models.CheckConstraint(
                name="rewardrule_dimensions_of_first",
                condition=Q(dimensions_from=0) | Q(about=RewardedKind.FIRST),
            ),
            models.CheckConstraint(name="rewardrule_limited", condition=Q(month_limit__gt=0)),
        ]

    @property
    def said(self) -> str:
        """What members read, in the language that is spoken now; "" where the conditions say it."""
        return self.words_en if self.words_en and (get_language() or "").startswith("en") else self.words


class RewardEnd(models.TextChoices):
    """What became of a reward whose review is public no longer."""

    NONE = "", "—"
    BACK = "back", _("taken back")
    KEPT = "kept", _("kept: it was used")


class ReviewReward(models.Model):
    """What one review earned its member by one rule, once."""

    rule = models.ForeignKey(
        RewardRule, models.PROTECT, verbose_name=_("rule"), related_name="rewards", db_index=False
    )
    review = models.ForeignKey(Review, models.PROTECT, verbose_name=_("review"), related_name="rewards")
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), related_name="review_rewards", db_index=False
    )
    grant = models.OneToOneField(Grant, models.PROTECT, verbose_name=_("grant"), related_name="review_reward")
    month = models.DateField(_("written in the month"), help_text="Its first day, in the shop's time zone.")
    at = models.DateTimeField(_("at"))
    end = models.CharField(_("ended"), max_length=4, choices=RewardEnd, blank=True, default="")
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("reward for a review")
        verbose_name_plural = _("rewards for reviews")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(  # what was taken back may be earned again
                name="reviewreward_once", fields=["review", "rule"], condition=~Q(end="back")
            ),
            models.CheckConstraint(
                name="reviewreward_ended_has_time",
                condition=Q(end="", ended_at__isnull=True)
                | Q(end__in=["back", "kept"], ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="reviewreward_month", fields=["member", "rule", "month"]),  # limits, wallet
            models.Index(name="reviewreward_rule", fields=["rule", "-at"]),  # figures of a rule
        ]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.rule_id}"


class ReviewPick(models.Model):
    """A moderator says that a review helps others. Nothing about it says whether it is kind."""

    review = models.OneToOneField(
        Review, models.PROTECT, verbose_name=_("review"), primary_key=True, related_name="pick"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("moderator"), related_name="+"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("moderator's pick")
        verbose_name_plural = _("moderators' picks")
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="reward_due",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="""
                    INSERT INTO feedback_rewarddue (review_id, why) VALUES (NEW.review_id, '')
                    ON CONFLICT (review_id) DO UPDATE SET due_at = NULL, why = '';
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return str(self.review_id)


class RewardDue(models.Model):
    """The reviews that may have earned something, or lost it: triggers put them here."""

    review = models.OneToOneField(Review, models.CASCADE, primary_key=True, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True, help_text="None: at once.")
    why = models.CharField(
        max_length=8, blank=True, default="", choices=Because, help_text="What it had to wait for."
    )

    class Meta:
        indexes = [  # rewards.following
            models.Index(F("due_at").asc(nulls_first=True), F("review").asc(), name="rewarddue_next")
        ]

    def __str__(self) -> str:
        return str(self.review_id)


for _trigger in (
    pgtrigger.Trigger(
        name="reward_new",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="fresh"),
        func="""
            INSERT INTO feedback_rewarddue (review_id, why)
            SELECT id, '' FROM fresh WHERE source = 'portal'
            ON CONFLICT (review_id) DO UPDATE SET due_at = NULL, why = '';
            RETURN NULL;
        """,
    ),
    pgtrigger.Trigger(
        name="reward_changed",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("status", "deleted_at", "text", "video_url", "helpful_votes"),
        condition=pgtrigger.Q(new__source=PORTAL),
        func="""
            INSERT INTO feedback_rewarddue (review_id, why) VALUES (NEW.id, '')
            ON CONFLICT (review_id) DO UPDATE SET due_at = NULL, why = '';
            RETURN NULL;
        """,
    ),
):
    pgtrigger.register(_trigger)(Review)
