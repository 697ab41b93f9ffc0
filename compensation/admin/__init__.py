from compensation.admin import coupons, grants, ledger, refunds, shop, tiers

__all__ = ["coupons", "grants", "ledger", "refunds", "shop", "tiers"]
