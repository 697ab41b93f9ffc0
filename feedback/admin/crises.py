"""The screens of crises."""

from config.common.registry import MenuItem, Page
from feedback.crises.making_good import SOURCES

__all__ = ["CRISIS_MENU", "CRISIS_PAGES", "SOURCES"]

CRISIS_PAGES: list[Page] = []
CRISIS_MENU: list[MenuItem] = []
