"""Whose edits are kept of what members are and may be given."""

from compensation.models.authority import ApprovalTerms, Authority
from compensation.models.budget import Budget, Cap
from compensation.models.care import CareRule, CareTerms
from compensation.models.coupon import CouponTemplate
from compensation.models.earning import EarningRule, PointsRule
from compensation.models.refund import RefundTerms
from compensation.models.reward import Reward
from compensation.models.rule import Rule
from compensation.models.segment import Segment
from compensation.models.signal import SignalTerms
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
    RefundTerms,
)

for _model in TRACKED:
    track(_model, exclude=["taken"] if _model is Reward else [])
track(Budget, exclude=("reserved_fen", "spent_fen", "low_told_at", "empty_told_at"))
track(CareRule)
track(CareTerms)
track(Segment, exclude=["counted", "counted_at"])  # a worker counts all day
track(SignalTerms, exclude=("peer_members", "peer_claims", "peer_fen", "measured_at"))
