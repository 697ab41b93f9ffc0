from compensation.admin import coupons, grants, ledger, points, refunds, shop, tiers

__all__ = ["coupons", "grants", "ledger", "points", "refunds", "shop", "tiers"]
