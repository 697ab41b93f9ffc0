"""What the desk keeps for the people who work at it: views, columns, drafts, mentions, who reads what."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from feedback.models.case import Case
from feedback.models.message import Message
from feedback.models.org import Department


class SavedView(models.Model):
    """A list of cases that somebody put together: what it is narrowed to, in which order, what it shows."""

    owner = models.ForeignKey(  # savedview_name_once begins with it
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("owner"),
        related_name="saved_views",
        db_index=False,
    )
    name = models.CharField(_("name"), max_length=40)
    departments = models.ManyToManyField(
        Department,
        verbose_name=_("shared with"),
        blank=True,
        related_name="shared_views",
        help_text=_("Everybody in these departments sees the view, each with the cases they may see."),
    )
    filter = models.JSONField(_("filter"), default=dict, blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)
    sort = models.CharField(_("order"), max_length=16, default="due")
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["position", "name", "pk"]
        constraints = [models.UniqueConstraint(name="savedview_name_once", fields=["owner", "name"])]

    def __str__(self) -> str:
        return self.name


class DeskSetup(models.Model):
    """How somebody has set up their desk: the order of the views, which are hidden, what a row shows."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="desk_setup")
    views = models.JSONField(default=list, blank=True, help_text='Such as "mine" and "view-12", in order.')
    hidden = models.JSONField(default=list, blank=True, help_text="Views that are not shown.")
    columns = models.JSONField(default=list, blank=True, help_text="What a row shows; empty: as delivered.")

    class Meta:
        verbose_name = _("desk setup")
        verbose_name_plural = _("desk setups")

    def __str__(self) -> str:
        return str(self.user)


class Mention(models.Model):
    """Somebody named in a note with @, who has read it or not."""

    message = models.ForeignKey(  # mention_once begins with it
        Message, models.CASCADE, verbose_name=_("message"), related_name="mentions", db_index=False
    )
    user = models.ForeignKey(  # mention_unread begins with it
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("colleague"),
        related_name="mentions",
        db_index=False,
    )
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        constraints = [models.UniqueConstraint(name="mention_once", fields=["message", "user"])]
        indexes = [
            models.Index(name="mention_unread", fields=["user", "message"], condition=models.Q(read_at=None))
        ]  # the desk's view of mentions

    def __str__(self) -> str:
        return f"@{self.user}"


class Draft(models.Model):
    """Something that somebody began to write in a case, on whatever machine."""

    user = models.ForeignKey(  # draft_one_a_field begins with it
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts", db_index=False
    )
    case = models.ForeignKey(Case, models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=16, help_text='The field that it belongs to, such as "reply".')
    body = models.TextField()
    at = models.DateTimeField(help_text="When it was typed, by the server's clock.")

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(name="draft_one_a_field", fields=["user", "case", "kind"])]
        indexes = [models.Index(name="draft_at", fields=["at"])]  # those that nobody came back to are dropped

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind}"


class Reader(models.Model):
    """Somebody who has a case open, or is writing in it: seen a moment ago, or not any more."""

    case = models.ForeignKey(  # reader_once begins with it
        Case, models.CASCADE, related_name="readers", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    typing_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reader")
        verbose_name_plural = _("readers")
        constraints = [models.UniqueConstraint(name="reader_once", fields=["case", "user"])]
        indexes = [models.Index(name="reader_seen", fields=["seen_at"])]  # those gone are forgotten

    def __str__(self) -> str:
        return f"{self.user} {self.case_id}"
