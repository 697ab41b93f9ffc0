"""The care programme: what members are told and given on which occasion, and each time that it was."""

from collections.abc import Collection

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models.consent import MessageChannel, Purpose
from compensation.models.coupon import CouponTemplate
from compensation.models.grant import Grant
from compensation.models.member import Member
from compensation.models.segment import Segment
from config.common.bilingual import Bilingual


class Trigger(models.TextChoices):
    """The occasion of a rule."""

    REGISTERED = "registered", pgettext_lazy("care", "registered")
    FIRST_ORDER = "first_order", _("first order paid")
    ORDER_PAID = "order_paid", _("order paid")
    SHIPPED = "shipped", _("parcel sent")
    DELIVERED = "delivered", _("order received")
    BIRTHDAY = "birthday", _("birthday")
    FESTIVAL = "festival", _("festival")
    TIER_UP = "tier_up", _("tier reached")
    POINTS_EXPIRING = "points_expiring", _("points about to expire")
    NO_ORDER = "no_order", _("no order for some time")


DAILY = (Trigger.BIRTHDAY, Trigger.FESTIVAL, Trigger.POINTS_EXPIRING, Trigger.NO_ORDER)
"""What is looked for once a day; the others happen at their moment."""


class Festival(models.TextChoices):
    """The festivals that the holidays library dates; three of them by the moon."""

    NEW_YEAR = "new_year", _("New Year")
    SPRING = "spring", _("Spring Festival")
    LABOUR = "labour", _("Labour Day")
    DRAGON_BOAT = "dragon_boat", _("Dragon Boat Festival")
    MID_AUTUMN = "mid_autumn", _("Mid-Autumn Festival")
    NATIONAL = "national", _("National Day")


class ConsentNeed(models.TextChoices):
    """What happens without the member's consent to the rule's purpose."""

    NONE = "none", _("not needed: it is about their order or account")
    TO_SEND = "to_send", _("needed to send it; else it stands in the portal only")
    TO_ACT = "to_act", _("needed; else nothing happens")


class CareChannel(models.TextChoices):
    """How a member is told."""

    ANY = "any", _("e-mail, else text message")
    EMAIL = MessageChannel.EMAIL.value, _("e-mail only")
    SMS = MessageChannel.SMS.value, _("text message only")
    PORTAL = "portal", _("in the portal only")


class CareTerms(models.Model):
    """How often a member hears from us at most, whatever the rules. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    most = models.PositiveSmallIntegerField(
        _("at most (messages)"), default=2, help_text=_("Of all rules together that are capped.")
    )
    days = models.PositiveSmallIntegerField(pgettext_lazy("care cap", "in (days)"), default=7)

    class Meta:
        verbose_name = _("frequency cap")
        verbose_name_plural = _("frequency cap")
        constraints = [
            models.CheckConstraint(name="careterms_one", condition=Q(id=1)),
            models.CheckConstraint(name="careterms_some", condition=Q(days__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.most} / {self.days}"


class CareRule(Bilingual):
    """One part of the programme, as data. Its history is kept; `version` counts its edits."""

    code = models.SlugField(_("code"), unique=True)
    is_active = models.BooleanField(_("in force"), default=True)
    trigger = models.CharField(_("when"), max_length=16, choices=Trigger)
    festival = models.CharField(_("festival"), max_length=12, choices=Festival, blank=True)
    days = models.PositiveSmallIntegerField(
        _("days"),
        null=True,
        blank=True,
        help_text=_("Before the birthday, festival or end of the points; since the last order."),
    )
    delay_hours = models.PositiveSmallIntegerField(
        _("after (hours)"), default=0, help_text=_("Of a day's occasion: the hour of the day.")
    )
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        verbose_name=_("segment"),
        null=True,
        blank=True,
        related_name="care_rules",
        help_text=_("None: all members."),
    )
    purpose = models.CharField(
        _("purpose"), max_length=12, choices=[one for one in Purpose.choices if one[0] != Purpose.SURVEY]
    )
    consent = models.CharField(_("consent"), max_length=8, choices=ConsentNeed)
    channel = models.CharField(_("told by"), max_length=8, choices=CareChannel, default=CareChannel.ANY)
    title = models.CharField(pgettext_lazy("care", "title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=120, blank=True)
    body = models.TextField(_("text"), max_length=2_000, blank=True)
    body_en = models.TextField(_("text in English"), max_length=2_000, blank=True)
    coupon = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), null=True, blank=True, related_name="+"
    )
    coupon_of_tier = models.BooleanField(
        _("the birthday coupon of the tier"), default=False, help_text=_("Tiers without one get none.")
    )
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(
        _("quiet until"), null=True, blank=True, help_text=_("What falls between is told at the end of it.")
    )
    is_capped = models.BooleanField(
        _("capped"), default=True, help_text=_("Counts towards the frequency cap and is held back by it.")
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    active_since = models.DateTimeField(_("in force since"), null=True, editable=False)

    class Meta:
        verbose_name = _("care rule")
        verbose_name_plural = _("care programme")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="carerule_known",
                condition=Q(
                    trigger__in=Trigger.values,
                    consent__in=ConsentNeed.values,
                    channel__in=CareChannel.values,
                    purpose__in=[Purpose.SERVICE, Purpose.MARKETING],
                ),
            ),
            models.CheckConstraint(
                name="carerule_festival_named",
                condition=Q(trigger=Trigger.FESTIVAL, festival__in=Festival.values)
                | ~Q(trigger=Trigger.FESTIVAL) & Q(festival=""),
            ),
            models.CheckConstraint(
                name="carerule_days_given",
                condition=~Q(trigger__in=[Trigger.POINTS_EXPIRING, Trigger.NO_ORDER])
                | Q(days__isnull=False, days__gt=0),
            ),
            models.CheckConstraint(
                name="carerule_quiet_whole",
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
            ),
            models.CheckConstraint(
                name="carerule_one_coupon", condition=Q(coupon__isnull=True) | Q(coupon_of_tier=False)
            ),
            models.CheckConstraint(
                name="carerule_points_some", condition=Q(points__isnull=True) | Q(points__gt=0)
            ),
            models.CheckConstraint(
                name="carerule_active_since", condition=Q(is_active=False) | Q(active_since__isnull=False)
            ),
        ]

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Leave the words to care.commands.check; the database has the last one."""


class CareStatus(models.TextChoices):
    """What became of an occasion."""

    WAITING = "waiting", pgettext_lazy("care", "waiting")
    DONE = "done", pgettext_lazy("care", "sent")
    HELD = "held", pgettext_lazy("care", "held back")


class HeldReason(models.TextChoices):
    """Why nothing was sent."""

    RULE_OFF = "rule_off", _("the rule is no longer in force")
    ERASED = "erased", _("the member's data was erased")
    SEGMENT = "segment", _("no longer in the segment")
    OVER = "over", _("no longer the case")
    CONSENT = "consent", _("consent was withdrawn")
    CAP = "cap", _("the member heard from us often enough")
    REFUSED = "refused", _("what it gives could not be given")


class CareAct(models.Model):
    """One occasion of one rule for one member. There is never a second, whoever looks how often."""

    rule = models.ForeignKey(
        CareRule, models.PROTECT, verbose_name=_("rule"), related_name="acts", db_index=False
    )
    version = models.PositiveIntegerField(_("version"), help_text="Of the rule, when the occasion came.")
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), related_name="care_acts", db_index=False
    )
    key = models.CharField(_("occasion"), max_length=60, help_text='Such as "order:12" or "birthday:2026".')
    happened_at = models.DateTimeField(_("happened"))
    due_at = models.DateTimeField(_("due"))
    status = models.CharField(_("status"), max_length=8, choices=CareStatus, default=CareStatus.WAITING)
    reason = models.CharField(_("held back because"), max_length=12, choices=HeldReason, blank=True)
    detail = models.CharField(_("detail"), max_length=40, blank=True)
    postponed = models.PositiveSmallIntegerField(_("postponed"), default=0)
    decided_at = models.DateTimeField(_("decided"), null=True)
    is_sent = models.BooleanField(
        _("sent out"), default=False, help_text=_("Else it stands in the portal only.")
    )
    coupon_grant = models.ForeignKey(
        Grant, models.PROTECT, null=True, related_name="+", verbose_name=_("coupon")
    )
    points_grant = models.ForeignKey(
        Grant, models.PROTECT, null=True, related_name="+", verbose_name=_("points")
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("act of care")
        verbose_name_plural = _("acts of care")
        constraints = [
            models.UniqueConstraint(name="careact_once", fields=["rule", "member", "key"]),
            models.CheckConstraint(
                name="careact_whole",
                condition=Q(status=CareStatus.WAITING, decided_at__isnull=True, reason="", is_sent=False)
                | Q(status=CareStatus.DONE, decided_at__isnull=False, reason="")
                | Q(status=CareStatus.HELD, decided_at__isnull=False, is_sent=False)
                & Q(reason__in=HeldReason.values),
            ),
        ]
        indexes = [
            models.Index(  # care.acting: what is due
                name="careact_due", fields=["due_at", "member"], condition=Q(status=CareStatus.WAITING)
            ),
            models.Index(name="careact_member", fields=["member", "-happened_at"]),  # history, cap
            models.Index(  # care.queries: what became of each rule in a month
                name="careact_report",
                fields=["rule", "decided_at"],
                include=["status", "reason"],
                condition=Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.member_id} {self.key}"


class CareRun(models.Model):
    """How far the members were gone through for a rule that is looked at once a day."""

    rule = models.ForeignKey(CareRule, models.CASCADE, related_name="runs", db_index=False)
    day = models.DateField()
    cursor = models.BigIntegerField(default=0, help_text="The last member that was looked at.")
    found = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="carerun_once", fields=["rule", "day"])]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.day}"
