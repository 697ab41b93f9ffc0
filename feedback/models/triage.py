"""Triage: what texts are about and how they are meant, as read by lexicon and model, and set right by people.

A `Triage` is the reading of one text. What people decided in it stays, whatever is read later, and is what
the next model learns from. Versions of the model keep their weights as plain numbers, never as objects.
"""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member
from feedback.models.case import Case
from feedback.models.choices import Priority
from feedback.models.gap import GapCause, GapKind
from feedback.models.post import Post
from feedback.models.review import Review
from feedback.models.voice import Feeling, VoiceAspect

LONGEST_WORD = 40


class WordRole(models.TextChoices):
    """What a word of the lexicon does."""

    SAYS = "says", _("says something")
    NEGATES = "negates", _("turns the next words round")
    STRONGER = "stronger", _("makes the next words stronger")
    WEAKER = "weaker", _("makes the next words weaker")
    CONTRASTS = "contrasts", _("what follows counts more")
    HARMLESS = "harmless", _("says nothing, whatever stands in it")


class LexiconEntry(models.Model):
    """A word or phrase, and what it tells of the text that holds it."""

    word = models.CharField(
        _("word or phrase"),
        max_length=LONGEST_WORD,
        unique=True,
        help_text=_("Simplified, in small letters; texts are compared in that form."),
    )
    role = models.CharField(_("what it does"), max_length=12, choices=WordRole, default=WordRole.SAYS)
    aspect = models.CharField(_("about"), max_length=16, choices=VoiceAspect, blank=True)
    weight = models.SmallIntegerField(
        _("weight"),
        default=0,
        validators=[MinValueValidator(-3), MaxValueValidator(3)],
        help_text=_("From −3, very bad, to 3, very good; 0 says nothing about that."),
    )
    gap_kind = models.CharField(_("kind of gap"), max_length=16, choices=GapKind, blank=True)
    cause = models.CharField(_("cause"), max_length=16, choices=GapCause, blank=True)
    urgency = models.PositiveSmallIntegerField(_("urgency"), choices=Priority, null=True, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("word of the lexicon")
        verbose_name_plural = _("lexicon")
        ordering = ["word"]
        constraints = [
            models.CheckConstraint(name="lexicon_has_word", condition=~Q(word="")),
            models.CheckConstraint(name="lexicon_role_known", condition=Q(role__in=WordRole.values)),
            models.CheckConstraint(name="lexicon_weight", condition=Q(weight__gte=-3, weight__lte=3)),
            models.CheckConstraint(
                name="lexicon_aspect_known", condition=Q(aspect="") | Q(aspect__in=VoiceAspect.values)
            ),
            models.CheckConstraint(
                name="lexicon_gap_kind_known", condition=Q(gap_kind="") | Q(gap_kind__in=GapKind.values)
            ),
            models.CheckConstraint(
                name="lexicon_cause_known", condition=Q(cause="") | Q(cause__in=GapCause.values)
            ),
            models.CheckConstraint(
                name="lexicon_urgency_known",
                condition=Q(urgency__isnull=True) | Q(urgency__in=Priority.values),
            ),
        ]

    def __str__(self) -> str:
        return self.word


class TrainedOn(models.TextChoices):
    """Where a model's texts came from."""

    SHOP = "shop", _("our reviews and corrections")
    FILE = "file", _("a file")


class Trial(models.TextChoices):
    """What became of a model when it was tried on the held-back texts."""

    BETTER = "better", _("better than the one before")
    NOT_BETTER = "not_better", _("not better than the one in service")
    UNSURE = "unsure", _("hardly ever sure")


class TriageModel(models.Model):
    """One training: weights, and how it did on texts that it had not seen. Only `in_service` changes."""

    number = models.PositiveIntegerField(_("version"), unique=True)
    source = models.CharField(_("trained on"), max_length=8, choices=TrainedOn, default=TrainedOn.SHOP)
    trained_at = models.DateTimeField(_("trained"))
    trained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("by"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: by night."),
    )
    texts = models.PositiveIntegerField(_("texts learnt from"))
    held_back = models.PositiveIntegerField(_("texts held back"))
    corrections = models.PositiveIntegerField(_("of people"), default=0)
    scores = models.JSONField(_("scores"), default=dict)
    weights = models.BinaryField(help_text="Plain arrays (npz), read without unpickling anything.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the weights.")
    trial = models.CharField(_("outcome"), max_length=12, choices=Trial)
    in_service = models.BooleanField(_("in service"), default=False)
    served_at = models.DateTimeField(_("in service since"), null=True, blank=True)

    class Meta:
        verbose_name = _("triage model")
        verbose_name_plural = _("triage models")
        ordering = ["-number"]
        permissions = [("train_triage", "Can train the triage and choose its model")]
        constraints = [
            models.UniqueConstraint(
                name="triagemodel_one_in_service", fields=["in_service"], condition=Q(in_service=True)
            ),
            models.CheckConstraint(name="triagemodel_source_known", condition=Q(source__in=TrainedOn.values)),
            models.CheckConstraint(name="triagemodel_trial_known", condition=Q(trial__in=Trial.values)),
            models.CheckConstraint(
                name="triagemodel_served_has_time",
                condition=Q(in_service=False) | Q(served_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="learnt_once", exclude=["in_service", "served_at"]),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"


class TriageSetup(models.Model):
    """How triage learns: one row."""

    trains_nightly = models.BooleanField(
        _("train every night"), default=True, help_text=_("Where there is something new to learn from.")
    )
    least_each = models.PositiveIntegerField(
        _("least texts"),
        default=200,
        validators=[MinValueValidator(20)],
        help_text=_("Good ones, and bad ones; with fewer the lexicon reads alone."),
    )
    sure_accuracy = models.DecimalField(
        _("right where sure"),
        max_digits=4,
        decimal_places=3,
        default="0.950",
        validators=[MinValueValidator(0.5), MaxValueValidator(0.999)],
        help_text=_("The share of right readings below which a reading is left to people."),
    )
    correction_weight = models.PositiveSmallIntegerField(
        _("weight of a correction"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("How many stars of members one decision of ours outweighs."),
    )

    class Meta:
        verbose_name = _("setup of triage")
        verbose_name_plural = _("setup of triage")
        constraints = [
            models.CheckConstraint(name="triagesetup_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="triagesetup_sure_accuracy", condition=Q(sure_accuracy__gte=0.5, sure_accuracy__lt=1)
            ),
            models.CheckConstraint(
                name="triagesetup_positive", condition=Q(least_each__gte=1, correction_weight__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class TriageQueue(models.Model):
    """The reviews that are new, or say something else than before: triggers put them here. Only added.

    Each change has a row of its own: one that is not committed yet, while an earlier one is taken up, is not
    lost with it.
    """

    review = models.ForeignKey(Review, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return str(self.review_id)


for _trigger in (
    pgtrigger.Trigger(
        name="triage_new",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="fresh"),
        func="""
            INSERT INTO feedback_triagequeue (review_id) SELECT id FROM fresh;
            RETURN NULL;
        """,
    ),
    pgtrigger.Trigger(
        name="triage_edited",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("title", "text"),
        condition=pgtrigger.Q(old__title__df=pgtrigger.F("new__title"))
        | pgtrigger.Q(old__text__df=pgtrigger.F("new__text")),
        func="""
            INSERT INTO feedback_triagequeue (review_id) VALUES (NEW.id);
            RETURN NULL;
        """,
    ),
):
    pgtrigger.register(_trigger)(Review)


class Triage(models.Model):
    """How one text was read: a review's, a post's, or what a member said when a case was opened.

    The columns say what holds: what people decided, and what was read of the rest. `read` keeps what was
    read last, `decided` names what people decided.
    """

    review = models.OneToOneField(
        Review, models.CASCADE, verbose_name=_("review"), null=True, blank=True, related_name="triage"
    )
    case = models.OneToOneField(
        Case, models.CASCADE, verbose_name=_("case"), null=True, blank=True, related_name="triage"
    )
    post = models.OneToOneField(
        Post,
        models.CASCADE,
        verbose_name=pgettext_lazy("social", "post"),
        null=True,
        blank=True,
        related_name="triage",
    )
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), null=True, blank=True, related_name="+"
    )
    aspects = ArrayField(
        models.CharField(max_length=16, choices=VoiceAspect),
        verbose_name=_("about"),
        default=list,
        blank=True,
    )
    feeling = models.CharField(
        _("feeling"), max_length=8, choices=Feeling, blank=True, help_text=_("Empty: we are not sure.")
    )
    sentiment = models.FloatField(
        _("sentiment"), null=True, blank=True, help_text=_("From −1 to 1; empty: we are not sure.")
    )
    gap_kind = models.CharField(_("kind of gap"), max_length=16, choices=GapKind, blank=True)
    cause = models.CharField(_("cause"), max_length=16, choices=GapCause, blank=True)
    urgency = models.PositiveSmallIntegerField(_("urgency"), choices=Priority, default=Priority.NORMAL)
    tones = models.JSONField(default=dict, blank=True, help_text="How each is spoken of, from −1 to 1.")
    keywords = ArrayField(
        models.CharField(max_length=64), verbose_name=_("keywords"), default=list, blank=True
    )
    words = models.JSONField(default=list, blank=True, help_text="The words that decided: [word, weight].")
    read = models.JSONField(default=dict, blank=True, help_text="What was read last, of each column.")
    model = models.ForeignKey(
        TriageModel,
        models.PROTECT,
        verbose_name=_("read by"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: by the lexicon alone."),
    )
    read_at = models.DateTimeField(_("read"))
    decided = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("set right by"),
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("set right"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("noun", "triage")
        verbose_name_plural = pgettext_lazy("noun", "triage")
        permissions = [("correct_triage", "Can set right what triage has read")]
        constraints = [
            models.CheckConstraint(
                name="triage_of_one_text",
                condition=Q(review__isnull=False, case__isnull=True, post__isnull=True)
                | Q(review__isnull=True, case__isnull=False, post__isnull=True)
                | Q(review__isnull=True, case__isnull=True, post__isnull=False),
            ),
            models.CheckConstraint(
                name="triage_aspects_known", condition=Q(aspects__contained_by=VoiceAspect.values)
            ),
            models.CheckConstraint(
                name="triage_feeling_known", condition=Q(feeling="") | Q(feeling__in=Feeling.values)
            ),
            models.CheckConstraint(
                name="triage_feeling_has_sentiment",
                condition=Q(feeling="", sentiment__isnull=True)
                | (~Q(feeling="") & Q(sentiment__gte=-1, sentiment__lte=1)),
            ),
            models.CheckConstraint(
                name="triage_gap_kind_known", condition=Q(gap_kind="") | Q(gap_kind__in=GapKind.values)
            ),
            models.CheckConstraint(
                name="triage_cause_known", condition=Q(cause="") | Q(cause__in=GapCause.values)
            ),
            models.CheckConstraint(name="triage_urgency_known", condition=Q(urgency__in=Priority.values)),
            models.CheckConstraint(
                name="triage_decided_has_time",
                condition=Q(decided=[], decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(decided=[]) & Q(decided_at__isnull=False, decided_by__isnull=False)),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="count_post",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("feeling"),
                condition=pgtrigger.Condition("NEW.post_id IS NOT NULL"),
                func="""
                    INSERT INTO feedback_postclusterdue (cluster_id)
                    SELECT cluster_id FROM feedback_post WHERE id = NEW.post_id AND cluster_id IS NOT NULL;
                    RETURN NULL;
                """,
            ),
        ]
        indexes = [
            GinIndex(name="triage_aspects", fields=["aspects"]),  # lists by aspect
            models.Index(name="triage_feeling", fields=["feeling", "-id"]),  # lists by feeling
            models.Index(  # triage.queries: what people have to decide, newest first
                name="triage_unsure", fields=["-id"], condition=Q(feeling="", decided=[]) & ~Q(keywords=[])
            ),
            models.Index(  # triage.learning: what people decided
                name="triage_decided", fields=["id"], condition=~Q(decided=[])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review_id or self.case_id or self.post_id}: {', '.join(self.aspects)} {self.sentiment}"

    @property
    def is_sure(self) -> bool:
        """Whether somebody, or the model, is sure how it is meant."""
        return bool(self.feeling)
