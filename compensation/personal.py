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
    ),
    "compensation.TierPeriod": Personal({"note": R}, "member"),
    "compensation.SignInCode": Personal({"contact": C, "digest": T}, "member"),
    "compensation.MemberSession": Personal({"digest": T, "origin": T}, "member"),
    "compensation.Notice": Personal({"title": S, "body": S, "path": T}, "member"),
    "compensation.MemberFigures": Personal({"categories": A}, "member"),
    "compensation.Grant": Personal({"reason": R, "decision_note": R, "gift": R, "outcome": R}, "member"),
    "compensation.ApprovalRound": Personal({"note": R}, "grant__member"),
    "compensation.ReferralCode": Personal({"code": T}, "member"),
    "compensation.Coupon": Personal({"code": T, "redeemed_for": T, "note": R}, "member"),
    "compensation.CouponUse": Personal({"order_ref": T}, "coupon__member"),
    "compensation.Batch": Personal({"name": R, "reason": R, "message": R, "note": R}),
    "compensation.BatchItem": Personal({"about": T, "why": R}, "member"),
    "compensation.Order": Personal({"external_id": T, "region": A, "payment_method": A}, "member"),
    "compensation.RefundOrder": Personal(
        {"number": T, "reference": T, "other_reference": T, "failure": R}, "member"
    ),
    "compensation.PieceReturn": Personal({"external_id": T}, "order_line__order__member"),
    "compensation.Shipment": Personal({"external_id": T, "tracking_number": T}, "order__member"),
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
    "compensation.Grant.terms_digest",
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
