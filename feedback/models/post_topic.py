"""Topics: what several posts are about, what became of them, and the words by which they are found."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LONGEST_TERM = 40


class PostState(models.TextChoices):
    """What becomes of it."""

    NEW = "new", _("new")
    LOOKED_AT = "looked_at", _("being looked at")
    PLANNED = "planned", _("planned")
    DONE = "done", pgettext_lazy("suggestion", "done")
    DECLINED = "declined", pgettext_lazy("suggestion", "declined")
    ANSWERED = "answered", pgettext_lazy("suggestion", "answered")


TOLD = (PostState.PLANNED, PostState.DONE, PostState.DECLINED, PostState.ANSWERED)
"""What a member is told of."""
ENDED = (PostState.DONE, PostState.DECLINED, PostState.ANSWERED)


class Outcome(models.Model):
    """What becomes of a suggestion, or of a topic: the columns that both have."""

    state = models.CharField(_("state"), max_length=10, choices=PostState, default=PostState.NEW)
    reason = models.CharField(
        _("reason"), max_length=500, blank=True, help_text=_("For colleagues; nobody else reads it.")
    )
    answer = models.TextField(_("public answer"), blank=True, help_text=_("What the member is told."))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        abstract = True


class PostCluster(Outcome):
    """A topic: posts that use the same words. Found by itself; what people did to it stays.

    `terms` are the words of its posts, added up: a new post is compared with them.
    """

    name = models.CharField(_("name"), max_length=120, blank=True)
    is_named = models.BooleanField(_("named by people"), default=False)
    is_kept = models.BooleanField(
        _("put together by people"), default=False, help_text=_("It is merged with others by people only.")
    )
    keywords = ArrayField(
        models.CharField(max_length=LONGEST_TERM), verbose_name=_("keywords"), default=list, blank=True
    )
    terms = models.JSONField(default=dict, help_text="Word: what it weighs in all posts together.")
    size = models.PositiveIntegerField(default=0, help_text="Posts that are added up in the words.")
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        help_text="What is like this one goes there.",
    )
    made_at = models.DateTimeField(_("found"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    posts = models.PositiveIntegerField(_("posts"), default=0)
    copies = models.PositiveIntegerField(_("copies"), default=0)
    unread = models.PositiveIntegerField(pgettext_lazy("posts", "unread"), default=0)
    negatives = models.PositiveIntegerField(_("negative"), default=0)
    positives = models.PositiveIntegerField(_("positive"), default=0)
    unsure = models.PositiveIntegerField(_("unsure"), default=0)
    suggestions = models.PositiveIntegerField(_("suggestions"), default=0)
    reach = models.PositiveBigIntegerField(_("reach"), default=0)
    first_at = models.DateTimeField(_("first"), null=True, blank=True)
    last_at = models.DateTimeField(_("last"), null=True, blank=True)
    week = models.PositiveIntegerField(_("posts of this week"), default=0)
    usual = models.FloatField(_("posts of a usual week"), null=True, blank=True)
    chance = models.FloatField(
        null=True, blank=True, help_text="Of so many in a week if nothing has changed, among all topics."
    )
    has_grown = models.BooleanField(_("growing"), default=False)

    class Meta:
        verbose_name = _("topic of posts")
        verbose_name_plural = _("topics of posts")
        permissions = [("arrange_postcluster", "Can name, merge and split topics of posts")]
        constraints = [
            models.CheckConstraint(name="postcluster_state_known", condition=Q(state__in=PostState.values)),
            models.CheckConstraint(
                name="postcluster_decided_has_time",
                condition=Q(state=PostState.NEW, decided_at__isnull=True)
                | (~Q(state=PostState.NEW) & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="postcluster_merged_elsewhere",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
            ),
            models.CheckConstraint(name="postcluster_named", condition=Q(is_named=False) | ~Q(name="")),
        ]
        indexes = [
            models.Index(  # posts.queries: the listening desk
                name="postcluster_worst",
                fields=["-negatives", "-reach", "-id"],
                condition=Q(merged_into=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class PostTerm(models.Model):
    """In how many posts a word stands: what stands everywhere tells little."""

    term = models.CharField(max_length=LONGEST_TERM, unique=True)
    posts = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.term} {self.posts}"


class PostClustering(models.Model):
    """One row: who holds it puts posts into topics. `version` grows with every change of a topic's words."""

    posts = models.PositiveIntegerField(default=0, help_text="Posts whose words were counted.")
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="postclustering_one", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(self.version)


class PostClusterDue(models.Model):
    """Topics whose figures are to be counted anew: triggers put them here. Only added."""

    cluster = models.ForeignKey(PostCluster, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return str(self.cluster_id)
