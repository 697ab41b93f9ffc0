from compensation.models.account import Account, AccountKind, Entry, PointsRule, Transaction, Unit
from compensation.models.coupon import Coupon, CouponStatus, CouponTemplate
from compensation.models.grant import Authority, Grant, GrantKind, GrantStatus
from compensation.models.member import Member, MemberSession, Notice, SignInCode
from compensation.models.order import Order, OrderLine, OrderStatus, Product, Shipment, ShipmentEvent
from compensation.models.tier import Tier, TierPeriod, TierReason

__all__ = [
    "Account",
    "AccountKind",
    "Authority",
    "Coupon",
    "CouponStatus",
    "CouponTemplate",
    "Entry",
    "Grant",
    "GrantKind",
    "GrantStatus",
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
    "TierPeriod",
    "TierReason",
    "Transaction",
    "Unit",
]
