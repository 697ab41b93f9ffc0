"""Watched words: where they stand in posts, and when bad ones come in a heap."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.org import Department
from feedback.models.post import Post
from feedback.models.post_topic import LONGEST_TERM


class WatchSort(models.TextChoices):
    """What is watched."""

    BRAND = "brand", _("our brand")
    RIVAL = "rival", _("a rival")
    PRODUCT = "product", pgettext_lazy("watched", "a product")
    TOPIC = "topic", pgettext_lazy("watched", "a topic")


class WatchWord(models.Model):
    """Words to watch for in posts, and the department that is alerted when bad ones come in a heap."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    sort = models.CharField(_("what is watched"), max_length=8, choices=WatchSort, default=WatchSort.BRAND)
    words = ArrayField(
        models.CharField(max_length=LONGEST_TERM),
        verbose_name=_("words"),
        help_text=_("Any of them; separated by commas. Traditional characters and capitals are the same."),
    )
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="+", db_index=False
    )
    least = models.PositiveSmallIntegerField(
        _("at least"),
        default=5,
        validators=[MinValueValidator(2)],
        help_text=_("Negative posts within a day; fewer alert nobody."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    looked_up_to = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Posts up to this one were searched for the words."
    )

    class Meta:
        verbose_name = _("watched word")
        verbose_name_plural = _("watched words")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="watchword_sort_known", condition=Q(sort__in=WatchSort.values)),
            models.CheckConstraint(
                name="watchword_says_something", condition=Q(words__len__gte=1) & Q(least__gte=2)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WatchHit(models.Model):
    """A post in which a watched word stands."""

    watch = models.ForeignKey(WatchWord, models.CASCADE, related_name="hits", db_index=False)
    post = models.ForeignKey(Post, models.CASCADE, related_name="watched")

    class Meta:
        constraints = [models.UniqueConstraint(name="watchhit_once", fields=["watch", "post"])]

    def __str__(self) -> str:
        return f"{self.watch_id} {self.post_id}"


class WatchJump(models.Model):
    """A watched word had far more negative posts than usual: one row from its beginning to its end."""

    watch = models.ForeignKey(WatchWord, models.CASCADE, verbose_name=_("watched word"), related_name="jumps")
    began_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    negatives = models.PositiveIntegerField(_("negative within a day"))
    usual = models.FloatField(_("on a usual day"))
    chance = models.FloatField()

    class Meta:
        verbose_name = _("jump of a watched word")
        verbose_name_plural = _("jumps of watched words")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="watchjump_one_at_a_time", fields=["watch"], condition=Q(ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.watch_id} {self.began_at:%F %H:%M}"

    @property
    def number(self) -> str:
        """What it is called beside cases, which have numbers."""
        return str(self.watch)

    @property
    def subject(self) -> str:
        """What happened, in a line."""
        return f"{self.negatives} ↗ {self.usual:.1f}"
