"""Posts: suggestions from the feedback box, what is said about us elsewhere, and the topics they are about.

What a member suggests and what somebody posts are read, sorted and answered alike. A post may become a case;
until then it has no clock.
"""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member, Product
from feedback.models.case import Case
from feedback.models.org import Department
from feedback.models.review import PORTAL

LINE = 80
LONGEST_TERM = 40


class PostKind(models.TextChoices):
    """What it is."""

    SUGGESTION = "suggestion", _("suggestion")
    POST = "post", pgettext_lazy("social", "post")
    COMMENT = "comment", pgettext_lazy("social", "comment")


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


class ProductBy(models.TextChoices):
    """Who says what product it is about."""

    NOBODY = "", "—"
    GIVEN = "given", pgettext_lazy("product", "who wrote it")
    READ = "read", pgettext_lazy("product", "its words")
    PEOPLE = "people", pgettext_lazy("product", "a colleague")


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


class Post(Outcome):
    """Something that a member suggested to us, or that somebody said of us elsewhere."""

    kind = models.CharField(_("kind"), max_length=12, choices=PostKind)
    source = models.CharField(
        _("written at"),
        max_length=50,
        help_text=_("“portal”, or the code of the network that it comes from."),
    )
    external_id = models.CharField(_("number over there"), max_length=160)
    url = models.URLField(_("address"), max_length=500, blank=True)
    author = models.CharField(_("name over there"), max_length=120, blank=True)
    author_id = models.CharField(_("number of the author over there"), max_length=128, blank=True)
    member = models.ForeignKey(  # post_of_member begins with it
        Member,
        models.PROTECT,
        verbose_name=_("member"),
        null=True,
        blank=True,
        related_name="posts",
        db_index=False,
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    written_at = models.DateTimeField(_("written"))
    taken_at = models.DateTimeField(_("taken in"))
    likes = models.PositiveBigIntegerField(_("likes"), default=0)
    comments = models.PositiveBigIntegerField(_("comments"), default=0)
    shares = models.PositiveBigIntegerField(_("shares"), default=0)
    reads = models.PositiveBigIntegerField(_("reads"), default=0)
    product = models.ForeignKey(
        Product, models.PROTECT, verbose_name=_("product"), null=True, blank=True, related_name="posts"
    )
    product_by = models.CharField(
        _("product named by"), max_length=6, choices=ProductBy, default=ProductBy.NOBODY, blank=True
    )
    copy_of = models.ForeignKey(  # post_copies begins with it
        "self",
        models.PROTECT,
        verbose_name=_("copy of"),
        null=True,
        blank=True,
        related_name="reposts",
        db_index=False,
        help_text=_("It counts with its original and is not worked twice."),
    )
    copies = models.PositiveIntegerField(_("copies"), default=0)
    copies_reach = models.PositiveBigIntegerField(_("reach of the copies"), default=0)
    cluster = models.ForeignKey(  # post_of_cluster begins with it
        PostCluster,
        models.PROTECT,
        verbose_name=_("topic"),
        null=True,
        blank=True,
        related_name="members",
        db_index=False,
    )
    is_placed_by_people = models.BooleanField(_("placed by people"), default=False)
    case = models.ForeignKey(
        Case, models.PROTECT, verbose_name=_("case"), null=True, blank=True, related_name="posts"
    )
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    read_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("read by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = pgettext_lazy("social", "post")
        verbose_name_plural = _("posts")
        permissions = [("decide_post", "Can work on posts and say what becomes of them")]
        constraints = [
            models.UniqueConstraint(name="post_once", fields=["source", "external_id"]),
            models.CheckConstraint(name="post_named", condition=~Q(source="") & ~Q(external_id="")),
            models.CheckConstraint(name="post_kind_known", condition=Q(kind__in=PostKind.values)),
            models.CheckConstraint(
                name="post_suggestion_of_member",
                condition=Q(kind=PostKind.SUGGESTION, source=PORTAL, member__isnull=False)
                | (~Q(kind=PostKind.SUGGESTION) & ~Q(source=PORTAL)),
            ),
            models.CheckConstraint(name="post_state_known", condition=Q(state__in=PostState.values)),
            models.CheckConstraint(
                name="post_decided_has_time",
                condition=Q(state=PostState.NEW, decided_at__isnull=True)
                | (~Q(state=PostState.NEW) & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="post_product_named",
                condition=Q(product__isnull=False, product_by__in=["given", "read", "people"])
                | Q(product__isnull=True, product_by__in=["", "people"]),
            ),
            models.CheckConstraint(
                name="post_copy_of_another", condition=Q(copy_of__isnull=True) | ~Q(copy_of=F("id"))
            ),
            models.CheckConstraint(
                name="post_url_of_web",
                condition=Q(url="") | Q(url__startswith="https://") | Q(url__startswith="http://"),
            ),
        ]
        indexes = [
            models.Index(name="post_written", fields=["-written_at", "-id"]),  # lists
            models.Index(  # portal
                name="post_of_member", fields=["member", "-written_at"], condition=~Q(member=None)
            ),
            models.Index(name="post_of_cluster", fields=["cluster", "-written_at", "-id"]),  # its page
            models.Index(name="post_copies", fields=["copy_of"], condition=~Q(copy_of=None)),  # duplicates
            models.Index(  # posts.queries: suggestions that nobody has ended, oldest first
                name="post_to_answer",
                fields=["written_at", "id"],
                condition=Q(kind=PostKind.SUGGESTION, deleted_at=None)
                & Q(state__in=[PostState.NEW, PostState.LOOKED_AT]),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="queue_new",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="fresh"),
                func="""
                    INSERT INTO feedback_postqueue (post_id) SELECT id FROM fresh ON CONFLICT DO NOTHING;
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="queue_edited",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("title", "text"),
                condition=pgtrigger.Q(old__title__df=pgtrigger.F("new__title"))
                | pgtrigger.Q(old__text__df=pgtrigger.F("new__text")),
                func="""
                    INSERT INTO feedback_postqueue (post_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="count_changed",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "((OLD.cluster_id, OLD.likes, OLD.comments, OLD.shares, OLD.reads, OLD.copies,"
                    " OLD.copies_reach, OLD.copy_of_id, OLD.read_at, OLD.deleted_at) IS DISTINCT FROM"
                    " (NEW.cluster_id, NEW.likes, NEW.comments, NEW.shares, NEW.reads, NEW.copies,"
                    " NEW.copies_reach, NEW.copy_of_id, NEW.read_at, NEW.deleted_at))"
                ),
                func="""
                    INSERT INTO feedback_postclusterdue (cluster_id)
                    SELECT id FROM unnest(ARRAY[OLD.cluster_id, NEW.cluster_id]) AS id
                    WHERE id IS NOT NULL ON CONFLICT DO NOTHING;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def subject(self) -> str:
        """What it says, in a line."""
        words = " ".join((self.title or self.text).split())
        return words if len(words) <= LINE else f"{words[: LINE - 1]}…"

    @property
    def reach(self) -> int:
        """How many it may have reached with its copies: reads, or whoever did something with it."""
        return max(self.reads, self.likes + self.comments + self.shares) + self.copies_reach

    @property
    def is_suggestion(self) -> bool:
        """Whether a member sent it to us."""
        return self.kind == PostKind.SUGGESTION

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is to come of it."""
        return self.state in ENDED


def post_file_path(file: "PostFile", filename: str) -> str:  # noqa: ARG001 - Django's signature
    """A path that tells nothing: by digest, below the post."""
    return f"posts/{file.post_id}/{file.sha256}"


class PostFile(models.Model):
    """A picture or the recording that came with a suggestion."""

    post = models.ForeignKey(
        Post, models.CASCADE, verbose_name=pgettext_lazy("social", "post"), related_name="files"
    )
    file = models.FileField(_("file"), upload_to=post_file_path)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("type"), max_length=80)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("file of a suggestion")
        verbose_name_plural = _("files of suggestions")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        """Whether it can be looked at; else it can be listened to."""
        return self.content_type.startswith("image/")


class PostQueue(models.Model):
    """The posts that are new, or say something else than before: triggers put them here."""

    post = models.OneToOneField(Post, models.CASCADE, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return str(self.post_id)


class PostBand(models.Model):
    """A digest of a part of a post's shingles. Texts that are nearly the same nearly always share one."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="bands")
    hash = models.BigIntegerField()

    class Meta:
        constraints = [  # posts.duplicates: the first with a digest, by the index alone
            models.UniqueConstraint(name="postband_once", fields=["hash", "post"])
        ]

    def __str__(self) -> str:
        return f"{self.hash} {self.post_id}"


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
    """Topics whose figures are to be counted anew: triggers put them here."""

    cluster = models.OneToOneField(PostCluster, models.CASCADE, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return str(self.cluster_id)


class PostDecision(models.Model):
    """What was said to become of a post, or of a topic. It stays; a later one is a row of its own."""

    post = models.ForeignKey(
        Post,
        models.PROTECT,
        verbose_name=pgettext_lazy("social", "post"),
        null=True,
        blank=True,
        related_name="decisions",
    )
    cluster = models.ForeignKey(
        PostCluster,
        models.PROTECT,
        verbose_name=_("topic"),
        null=True,
        blank=True,
        related_name="decisions",
    )
    of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="parts",
        help_text="The decision about the topic that this one follows from.",
    )
    state = models.CharField(_("state"), max_length=10, choices=PostState)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    answer = models.TextField(_("public answer"), blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("decided by"), related_name="+"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("decision about a post")
        verbose_name_plural = _("decisions about posts")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="postdecision_of_one",
                condition=Q(post__isnull=False, cluster__isnull=True)
                | Q(post__isnull=True, cluster__isnull=False),
            ),
            models.CheckConstraint(name="postdecision_state_known", condition=Q(state__in=PostState.values)),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.get_state_display()


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
