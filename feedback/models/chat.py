"""Chats: a case that member and agent talk in at the same time, and how the house chats."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from feedback.models.case import Case
from feedback.models.knowledge import AnswerGiven
from feedback.models.sop import Calendar


class ChatState(models.TextChoices):
    """Who talks with the member: not stored, see `ChatSession.state`."""

    AUTOMATIC = "automatic", _("answered automatically")
    WAITING = "waiting", _("waiting for an agent")
    ACTIVE = "active", _("with an agent")
    ENDED = "ended", pgettext_lazy("chat", "ended")


class ChatEnding(models.TextChoices):
    """How a chat ended."""

    MEMBER = "member", _("by the member")
    AGENT = "agent", _("by the agent")
    LEFT = "left", _("the member left")
    KEPT = "kept", _("goes on as a case")


class ChatSession(models.Model):
    """One chat. What is said are the messages of its case; here stands who is there and how far they read.

    Whatever changes here changes under the lock of the case; signs of life and of typing take none.
    """

    case = models.OneToOneField(Case, models.CASCADE, verbose_name=_("case"), related_name="chat")
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), related_name="chats", db_index=False
    )
    started_at = models.DateTimeField(_("started"))
    is_automatic = models.BooleanField(
        _("answered automatically"), default=False, help_text="Until the member wants a person."
    )
    person_since = models.DateTimeField(_("waiting for an agent since"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ending = models.CharField(_("how it ended"), max_length=8, choices=ChatEnding, blank=True)
    answer = models.ForeignKey(
        AnswerGiven,
        models.SET_NULL,
        verbose_name=_("automatic answer"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The last one that the member was given.",
    )
    member_read = models.BigIntegerField(default=0, help_text="The last message that the member has seen.")
    agent_read = models.BigIntegerField(default=0)
    member_seen_at = models.DateTimeField(_("member last there"))
    agent_seen_at = models.DateTimeField(_("agent last there"), null=True, blank=True)
    member_typed_at = models.DateTimeField(null=True, blank=True)
    agent_typed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        constraints = [
            models.UniqueConstraint(
                name="chat_one_open_a_member", fields=["member"], condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="chat_ended_whole",
                condition=Q(ended_at__isnull=False, ending__in=ChatEnding.values)
                | Q(ended_at__isnull=True, ending=""),
            ),
            models.CheckConstraint(
                name="chat_waits_since", condition=Q(is_automatic=True) | Q(person_since__isnull=False)
            ),
        ]
        indexes = [
            models.Index(  # chat.queries: the line
                name="chat_line",
                fields=["person_since", "id"],
                condition=Q(ended_at=None, is_automatic=False),
            ),
        ]

    def __str__(self) -> str:
        return self.case.number

    @property
    def state(self) -> ChatState:
        """Who talks with the member now: whoever has the case, however it came to them."""
        if self.ended_at is not None:
            return ChatState.ENDED
        if self.case.agent_id is not None:
            return ChatState.ACTIVE
        return ChatState.AUTOMATIC if self.is_automatic else ChatState.WAITING


class AutomaticReply(models.TextChoices):
    """What of what we say by ourselves counts as the first reply."""

    NOTHING = "nothing", _("nothing: only a person's reply")
    ANSWER = "answer", _("an answer from the knowledge base, until the member asks for a person")
    GREETING = "greeting", _("the greeting too")


class ChatSetup(models.Model):
    """How the house chats. There is one."""

    calendar = models.ForeignKey(
        Calendar,
        models.PROTECT,
        verbose_name=_("open"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("When members can chat; at other times they leave a message. None: around the clock."),
    )
    greeting = models.TextField(_("greeting"), max_length=500, blank=True)
    greeting_en = models.TextField(_("greeting in English"), max_length=500, blank=True)
    closed = models.TextField(_("outside the hours"), max_length=500, blank=True)
    closed_en = models.TextField(_("outside the hours, in English"), max_length=500, blank=True)
    answers = models.BooleanField(_("answers from the knowledge base"), default=True)
    counts = models.CharField(
        _("counts as the first reply"),
        max_length=8,
        choices=AutomaticReply,
        default=AutomaticReply.ANSWER,
    )
    left_after = models.DurationField(
        _("left after"),
        default=timedelta(minutes=10),
        help_text=_("A member whose page has shown no sign of life for this long has left."),
    )
    silent_after = models.DurationField(
        _("silent after"),
        default=timedelta(minutes=30),
        help_text=_("A member who says nothing to our reply for this long has left."),
    )

    class Meta:
        verbose_name = _("chat setup")
        verbose_name_plural = _("chat setup")
        constraints = [
            models.CheckConstraint(name="chatsetup_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="chatsetup_counts_known", condition=Q(counts__in=AutomaticReply.values)
            ),
            models.CheckConstraint(
                name="chatsetup_patient",
                condition=Q(left_after__gte=timedelta(minutes=1), silent_after__gte=timedelta(minutes=1)),
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    def text(self, name: str) -> str:
        """The text in the language of the moment; the Chinese one where there is no other."""
        english = getattr(self, f"{name}_en") if (get_language() or "").startswith("en") else ""
        return str(english or getattr(self, name))
