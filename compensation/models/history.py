"""Whose edits are kept of what members are and may be given."""

from compensation.models.authority import ApprovalTerms, Authority
from compensation.models.coupon import CouponTemplate
from compensation.models.earning import PointsRule
from compensation.models.tier import Tier, TierBenefit, TierRule
from config.common.history import track

TRACKED = (Tier, TierRule, TierBenefit, CouponTemplate, PointsRule, Authority, ApprovalTerms)

for _model in TRACKED:
    track(_model)
