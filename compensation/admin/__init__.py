from compensation.admin import coupons, grants, ledger

__all__ = ["coupons", "grants", "ledger"]
