from compensation.admin import coupons, grants, ledger, shop

__all__ = ["coupons", "grants", "ledger", "shop"]
