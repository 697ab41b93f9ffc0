from compensation.admin import budgets, coupons, grants, ledger, points, refunds, shop, tiers

__all__ = ["budgets", "coupons", "grants", "ledger", "points", "refunds", "shop", "tiers"]
