from config.common.admin import audit, outgoing, staff

__all__ = ["audit", "outgoing", "staff"]
