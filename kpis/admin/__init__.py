"""Figures in the admin: the first page, the rows behind a figure, and the goals."""

from kpis.admin import goals

__all__ = ["goals"]
