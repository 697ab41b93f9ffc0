"""Numbers as people read them: rounded, with the marks of their language."""

from decimal import Decimal
from typing import Any

from django.utils.formats import number_format


def decimals(number: float | Decimal, digits: int) -> str:
    """A number with so many decimals, rounded: Django's `number_format` cuts the others off."""
    rounded: Any = round(number, digits)
    return str(number_format(rounded + 0, digits))  # + 0: nothing is below nought by a hair


def signed(number: float | Decimal, digits: int) -> str:
    """The same of a difference, with its sign; nought has none."""
    rounded: Any = round(number, digits)
    sign = "−" if rounded < 0 else "+" if rounded > 0 else ""
    return f"{sign}{decimals(abs(rounded), digits)}"
