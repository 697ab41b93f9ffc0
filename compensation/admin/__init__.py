from compensation.admin import coupons, grants, ledger, points, shop, tiers

__all__ = ["coupons", "grants", "ledger", "points", "shop", "tiers"]
