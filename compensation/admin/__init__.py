from compensation.admin import coupons, grants, ledger, shop, tiers

__all__ = ["coupons", "grants", "ledger", "shop", "tiers"]
