"""Whose edits are kept of what members are and may be given."""

from compensation.models.authority import ApprovalTerms, Authority
from compensation.models.budget import Budget, Cap
from compensation.models.coupon import CouponTemplate
from compensation.models.earning import EarningRule, PointsRule
from compensation.models.reward import Reward
from compensation.models.rule import Rule
from compensation.models.tier import Tier, TierBenefit, TierRule
from config.common.history import track

TRACKED = (
    Tier,
    TierRule,
    TierBenefit,
    CouponTemplate,
    PointsRule,
    Authority,
    ApprovalTerms,
    EarningRule,
    Reward,
    Cap,
    Rule,
)

for _model in TRACKED:
    track(_model, exclude=["taken"] if _model is Reward else [])
track(Budget, exclude=("reserved_fen", "spent_fen", "low_told_at", "empty_told_at"))
