"""Amounts of money as people write them."""

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from config.common.money import fen_from_yuan, yuan_from_fen


class YuanField(forms.DecimalField):
    """Yuan on the screen, whole fen in the row."""

    widget = UnfoldAdminDecimalFieldWidget

    def __init__(
        self, *, label: Any, help_text: Any = "", initial: int | None = None, required: bool = True
    ) -> None:
        super().__init__(
            required=required,
            label=label,
            help_text=help_text,
            initial=initial,
            min_value=Decimal(0),
            max_value=Decimal(1_000_000),
            decimal_places=2,
        )

    def prepare_value(self, value: Any) -> Any:
        """Show fen as yuan; what was typed stays as it is."""
        return yuan_from_fen(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Give whole fen."""
        yuan = super().clean(value)
        return None if yuan is None else fen_from_yuan(yuan)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare like with like."""
        return super().has_changed(self.prepare_value(initial), data)
