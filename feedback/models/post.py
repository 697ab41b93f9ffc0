"""Posts: suggestions from the feedback box, and what is said about us elsewhere.

What a member suggests and what somebody posts are read, sorted and answered alike. A post may become a case;
until then it has no clock.
"""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member, Product
from feedback.models.case import Case
from feedback.models.post_topic import ENDED, Outcome, PostCluster, PostState
from feedback.models.review import PORTAL

LINE = 80


class PostKind(models.TextChoices):
    """What it is."""

    SUGGESTION = "suggestion", _("suggestion")
    POST = "post", pgettext_lazy("social", "post")
    COMMENT = "comment", pgettext_lazy("social", "comment")


class ProductBy(models.TextChoices):
    """Who says what product it is about."""

    NOBODY = "", "—"
    GIVEN = "given", pgettext_lazy("product", "who wrote it")
    READ = "read", pgettext_lazy("product", "its words")
    PEOPLE = "people", pgettext_lazy("product", "a colleague")


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
            BrinIndex(name="post_taken", fields=["taken_at"], autosummarize=True),  # retention
            BrinIndex(name="post_decided", fields=["decided_at"], autosummarize=True),  # retention
            BrinIndex(name="post_deleted", fields=["deleted_at"], autosummarize=True),  # retention
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
                    INSERT INTO feedback_postqueue (post_id) SELECT id FROM fresh;
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
                    INSERT INTO feedback_postqueue (post_id) VALUES (NEW.id);
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
                    WHERE id IS NOT NULL;
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
    """The posts that are new, or say something else than before: triggers put them here. Only added."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="+")

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
