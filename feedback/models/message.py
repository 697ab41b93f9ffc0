"""What was said in a case, and the files that came with it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models.case import Case


class Author(models.TextChoices):
    """Who said it."""

    MEMBER = "member", _("member")
    AGENT = "agent", _("agent")
    SYSTEM = "system", _("system")


class Message(models.Model):
    """One utterance in a case: public between member and us, or internal among us."""

    case = models.ForeignKey(Case, models.CASCADE, verbose_name=_("case"), related_name="messages")
    author = models.CharField(_("author"), max_length=8, choices=Author)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("agent"),
        null=True,
        blank=True,
        related_name="+",
    )
    is_public = models.BooleanField(_("public"), default=True)
    body = models.TextField(_("text"), blank=True)
    at = models.DateTimeField(_("at"))
    said_in = models.ForeignKey(  # never searched by
        Case,
        models.PROTECT,
        verbose_name=_("said in"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The case that it was first said in, when it came here by a merge or a split.",
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(name="message_author_known", condition=Q(author__in=Author.values)),
            models.CheckConstraint(
                name="message_author_fits",
                condition=Q(author=Author.AGENT, user__isnull=False)
                | Q(author=Author.MEMBER, user__isnull=True, is_public=True)
                | Q(author=Author.SYSTEM, user__isnull=True),
            ),
        ]
        indexes = [models.Index(name="message_thread", fields=["case", "at", "id"])]  # case page

    def __str__(self) -> str:
        return self.body[:60]


def attachment_path(attachment: "Attachment", filename: str) -> str:  # noqa: ARG001 - Django's signature
    """A path that tells nothing: by digest, below the case."""
    return f"cases/{attachment.message.case_id}/{attachment.sha256}"


class Attachment(models.Model):
    """A picture, recording or PDF that came with a message, checked and cleaned before it is kept."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    file = models.FileField(_("file"), upload_to=attachment_path)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("type"), max_length=80)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return self.name
