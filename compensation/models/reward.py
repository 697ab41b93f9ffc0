"""What members may have for their points."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models.coupon import Coupon, CouponTemplate
from compensation.models.member import Member


class Reward(models.Model):
    """A kind of coupon that members may have for points. `taken` moves only under the row's lock."""

    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), related_name="rewards"
    )
    points = models.PositiveIntegerField(_("price in points"))
    member_limit = models.PositiveIntegerField(
        _("at most for a member"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    total_limit = models.PositiveIntegerField(_("at most in total"), null=True, blank=True)
    taken = models.PositiveIntegerField(_("taken"), default=0, editable=False)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    is_active = models.BooleanField(_("on offer"), default=True)

    class Meta:
        verbose_name = _("reward for points")
        verbose_name_plural = _("rewards for points")
        ordering = ["points", "pk"]
        constraints = [
            models.CheckConstraint(name="reward_price", condition=Q(points__gt=0)),
            models.CheckConstraint(
                name="reward_within_limit",
                condition=Q(total_limit__isnull=True) | Q(taken__lte=F("total_limit")),
            ),
            models.CheckConstraint(
                name="reward_forward",
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template}: {self.points}"


class RewardClaim(models.Model):
    """A reward that a member took: points spent and a coupon given, in one transaction."""

    reward = models.ForeignKey(Reward, models.PROTECT, related_name="claims", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), db_index=False)
    coupon = models.OneToOneField(Coupon, models.PROTECT, related_name="claim")
    points = models.PositiveIntegerField(_("points"))
    at = models.DateTimeField(_("at"))
    returned_at = models.DateTimeField(
        _("points returned"), null=True, blank=True, help_text=_("When the coupon was taken back.")
    )

    class Meta:
        verbose_name = _("reward taken")
        verbose_name_plural = _("rewards taken")
        indexes = [models.Index(name="rewardclaim_member", fields=["member", "reward"])]  # limits

    def __str__(self) -> str:
        return f"{self.reward_id}: {self.points}"
