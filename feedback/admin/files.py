"""Lists as files, for every page that offers them: as the whole house does it."""

from config.common.handing_out import SECRET, answer, filters, offered

__all__ = ["SECRET", "answer", "filters", "offered"]
