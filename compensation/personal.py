"""What this app's tables hold of members."""

from config.common.personal import Holds, Personal

C, A, S, R, T = Holds.CONTACT, Holds.ABOUT, Holds.SAID, Holds.REMARK, Holds.TRACE

PERSONAL = {
    "compensation.Member": Personal(
        {
            "external_id": T, "name": C, "phone": C, "email": C, "birthday": A, "region": A, "city": A,
            "language": A,
        },
        "pk",
        stays=frozenset({"external_id"}),  # by it they stay erased when the shop sends them again
    ),
    "compensation.TierPeriod": Personal({"note": R}, "member"),
    "compensation.SignInCode": Personal({"contact": C, "digest": T}, "member", goes=True),
    "compensation.MemberSession": Personal({"digest": T, "origin": T}, "member", goes=True),
    "compensation.Notice": Personal({"title": S, "body": S, "path": T}, "member", goes=True),
    "compensation.MemberFigures": Personal({"categories": A}, "member", goes=True),
    "compensation.Grant": Personal({"reason": R, "decision_note": R, "outcome": R}, "member"),
    "compensation.ApprovalRound": Personal({"note": R}, "grant__member", is_told=False),
    "compensation.ReferralCode": Personal({"code": T}, "member"),
    "compensation.Coupon": Personal(
        {"code": T, "redeemed_for": T, "note": R}, "member", stays=frozenset({"code", "redeemed_for"})
    ),
    "compensation.CouponUse": Personal({"order_ref": T}, "coupon__member", stays=frozenset({"order_ref"})),
    "compensation.Batch": Personal({"name": R, "reason": R, "message": R, "note": R}),
    "compensation.BatchItem": Personal(
        {"about": T, "why": R}, "member", stays=frozenset({"about"}), is_told=False
    ),
    "compensation.Order": Personal(
        {"external_id": T, "region": A, "payment_method": A},
        "member",
        stays=frozenset({"external_id", "payment_method"}),
    ),
    "compensation.RefundOrder": Personal(
        {"number": T, "reference": T, "other_reference": T, "failure": R},
        "member",
        stays=frozenset({"number", "reference", "other_reference"}),
    ),
    "compensation.Shipment": Personal(
        {"external_id": T, "tracking_number": T}, "order__member", stays=frozenset({"external_id"})
    ),
    "compensation.PieceReturn": Personal(
        {"external_id": T}, "order_line__order__member", stays=frozenset({"external_id"})
    ),
    "compensation.ShipmentEvent": Personal({"text": S, "place": A}, "shipment__order__member"),
}  # fmt: skip

FREE = {
    "compensation.Tier", "compensation.CouponTemplate", "compensation.Product",
    "compensation.EarningRule", "compensation.Earning",
    "compensation.BatchRefund",
    "compensation.LedgerSum", "compensation.LedgerRun", "compensation.LedgerProof",
    "compensation.BookProof",
    "compensation.Transaction", "compensation.OrderLine", "compensation.CouponTerms",
    "compensation.Coupon.key",
    "compensation.Segment", "compensation.CareRule", "compensation.CareRun", "compensation.CareAct.key",
    "compensation.CareAct.detail", "compensation.Notice.purpose", "compensation.Notice.channel",
    "compensation.Notice.key", "compensation.Notice.kind",
    "compensation.Grant.key", "compensation.Grant.cause", "compensation.Grant.problem",
    "compensation.Grant.reason_code", "compensation.Grant.department", "compensation.Grant.content_hash",
    "compensation.Grant.terms_digest", "compensation.Grant.gift",
    "compensation.Batch.reason_code", "compensation.Batch.department", "compensation.Batch.problem",
    "compensation.Batch.source", "compensation.Batch.criteria", "compensation.Batch.content_hash",
    "compensation.Batch.list_hash",
    "compensation.ApprovalRound.content_hash", "compensation.Delegation",
    "compensation.Budget", "compensation.BudgetUse", "compensation.Cap", "compensation.CapCount",
    "compensation.Rule", "compensation.RuleVersion", "compensation.RuleGive",
    "compensation.ApprovalRound.because", "compensation.ApprovalRound.details",
    "compensation.RefundOrder.key", "compensation.Order.channel",
    "compensation.Shipment.carrier", "compensation.ShipmentEvent.code",
}  # fmt: skip

ALSO = {
    "compensation.OrderLine": "order__member",
    "compensation.RefundLine": "refund__order__member",
    "compensation.Entry": "account__member",
    "compensation.Lot": "account__member",
    "compensation.ConsentChoice": "member",
    "compensation.RewardClaim": "member",
    "compensation.Earning": "member",
    "compensation.CareAct": "member",
}

NAMED = {
    "compensation.Order": "external_id", "compensation.Product": "external_id", "compensation.Tier": "code",
}  # fmt: skip
