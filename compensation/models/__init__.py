from compensation.models.authority import ApprovalTerms, Authority, Delegation
from compensation.models.coupon import Coupon, CouponStatus, CouponTemplate
from compensation.models.earning import PointsRule
from compensation.models.grant import (
    GIVEN,
    LIVE,
    ApprovalRound,
    Decision,
    Grant,
    GrantKind,
    GrantLine,
    GrantStatus,
)
from compensation.models.history import TRACKED
from compensation.models.ledger import (
    LOTTED,
    OWNED,
    Account,
    AccountKind,
    Entry,
    Lot,
    LotFate,
    LotUse,
    Transaction,
    Unit,
)
from compensation.models.member import Member, MemberSession, Notice, SignInCode
from compensation.models.order import Order, OrderLine, OrderStatus, Product, Shipment, ShipmentEvent
from compensation.models.tier import BenefitKind, Tier, TierBenefit, TierPeriod, TierReason, TierRule

__all__ = [
    "GIVEN",
    "LIVE",
    "LOTTED",
    "OWNED",
    "TRACKED",
    "Account",
    "AccountKind",
    "ApprovalRound",
    "ApprovalTerms",
    "Authority",
    "BenefitKind",
    "Coupon",
    "CouponStatus",
    "CouponTemplate",
    "Decision",
    "Delegation",
    "Entry",
    "Grant",
    "GrantKind",
    "GrantLine",
    "GrantStatus",
    "Lot",
    "LotFate",
    "LotUse",
    "Member",
    "MemberSession",
    "Notice",
    "Order",
    "OrderLine",
    "OrderStatus",
    "PointsRule",
    "Product",
    "Shipment",
    "ShipmentEvent",
    "SignInCode",
    "Tier",
    "TierBenefit",
    "TierPeriod",
    "TierReason",
    "TierRule",
    "Transaction",
    "Unit",
]
