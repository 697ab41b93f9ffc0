"""Members: the customers of the shop, how they prove who they are, and what they were told."""

from datetime import datetime

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import ExtractDay, ExtractMonth, Now
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from compensation.models.tier import Tier

SAMPLE = 100
_HASH = Func(F("id"), function="hashint8", output_field=models.IntegerField())
IN_SAMPLE = Q(Exact(_HASH % SAMPLE, 0))
"""One member in a hundred, by no quality of theirs: what is counted among them tells of all."""


class Member(models.Model):
    """A customer of the shop."""

    external_id = models.CharField(
        _("shop's number"), max_length=64, unique=True, help_text=_("The member's number in the shop.")
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    email_failed_at = models.DateTimeField(
        _("e-mail failing since"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Letters to this address came back; it is used again once the member writes from it."),
    )
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    registered_at = models.DateTimeField(_("registered"))
    region = models.CharField(_("region"), max_length=64, blank=True)
    city = models.CharField(_("city"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=16, default="zh-hans")
    consent_marketing = models.BooleanField(_("consents to marketing"), default=False)
    referrer = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("referred by"), null=True, blank=True, related_name="referred"
    )
    tier = models.ForeignKey(
        Tier,
        models.PROTECT,
        verbose_name=_("tier"),
        related_name="members",
        editable=False,
        help_text=_("The tier of the running tier period."),
    )
    refused_profiling_at = models.DateTimeField(
        _("does not want to be profiled since"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Nothing is concluded from what they do about what they care about."),
    )
    as_of = models.DateTimeField(
        _("as of"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When the shop knew what it last told of them; what is older is not taken."),
    )
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        permissions = [
            ("see_contacts", "Can see members' contact details in full"),
            ("set_tier", "Can set a member's tier by hand"),
            ("export_member", "Can have all that is held of a member"),
            ("erase_member", "Can erase a member's data for good"),
        ]
        constraints = [
            models.CheckConstraint(
                name="member_not_own_referrer", condition=Q(referrer__isnull=True) | ~Q(referrer=F("id"))
            ),
        ]
        indexes = [
            models.Index(name="member_phone", fields=["phone"], condition=~Q(phone="")),  # sign-in, search
            models.Index(name="member_email", fields=["email"], condition=~Q(email="")),  # sign-in, search
            models.Index(name="member_name", fields=["name"], opclasses=["varchar_pattern_ops"]),  # search
            models.Index(name="member_registered", fields=["registered_at"]),  # segments, care: welcome
            models.Index(  # segments.queries.about: one in a hundred, whatever they have in common
                name="member_sample", fields=["id"], condition=IN_SAMPLE
            ),
            models.Index(  # care: whose birthday it is
                ExtractMonth("birthday"), ExtractDay("birthday"), name="member_birthday"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id

    @property
    def is_authenticated(self) -> bool:
        """True: in the member API a member stands where DRF keeps its user."""
        return True


class SignInCode(models.Model):
    """A one-time code asked for by whoever has a phone number or e-mail address.

    It is kept for unknown contacts too, without a member, so that nothing that is answered tells who is
    one. Only digests are kept.
    """

    contact = models.CharField(max_length=64, help_text="Digest of the phone number or e-mail address.")
    member = models.ForeignKey(Member, models.CASCADE, null=True, related_name="sign_in_codes")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(name="signincode_live", fields=["contact", "-id"]),  # members.commands.sign_in
            models.Index(name="signincode_old", fields=["expires_at"]),  # members.commands.forget
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.created_at:%F %T}"


class MemberSession(models.Model):
    """A signed-in device. Only the token's digest is kept."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="sessions")
    digest = models.CharField(max_length=64, unique=True)
    origin = models.CharField(
        max_length=64,
        unique=True,
        null=True,
        blank=True,
        help_text="Digest of the shop's token that opened it: a token opens one session.",
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(name="membersession_old", fields=["expires_at"])]  # members.commands.forget

    def __str__(self) -> str:
        return f"{self.member_id} {self.created_at:%F %T}"

    def valid_at(self, at: datetime) -> bool:
        """Whether the session is open at that moment."""
        return self.ended_at is None and at < self.expires_at


class Notice(models.Model):
    """Something a member was told; it stands in the portal and is sent out through the outbox."""

    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("member"), related_name="notices")
    key = models.CharField(max_length=200, unique=True, help_text="Told once for one reason.")
    kind = models.CharField(_("kind"), max_length=32)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), blank=True)
    path = models.CharField(
        _("page"), max_length=200, blank=True, help_text=_("Where in the portal it leads.")
    )
    purpose = models.CharField(
        _("purpose"), max_length=12, blank=True, db_default="", help_text=_("None: it is always sent.")
    )
    channel = models.CharField(
        _("channel"), max_length=8, blank=True, db_default="", help_text=_("None: whichever reaches them.")
    )
    created_at = models.DateTimeField(_("told"))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(name="notice_member", fields=["member", "-created_at"]),  # the portal's home
            BrinIndex(name="notice_told", fields=["created_at"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return self.title
