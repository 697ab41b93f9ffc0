"""Amounts of money as people write them."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from config.common.asked import within_years
from config.common.money import fen_from_yuan, yuan_from_fen

ONE_PERSON, THE_HOUSE = 1_000_000, 10_000_000_000
"""The most in yuan: for what one member gets or an order costs, and for what is given in all."""


class YuanField(forms.DecimalField):
    """Yuan on the screen, whole fen in the row."""

    widget = UnfoldAdminDecimalFieldWidget

    def __init__(
        self,
        *,
        label: Any,
        help_text: Any = "",
        initial: int | None = None,
        required: bool = True,
        most: int = ONE_PERSON,
    ) -> None:
        super().__init__(
            required=required,
            label=label,
            help_text=help_text,
            initial=initial,
            min_value=Decimal(0),
            max_value=Decimal(most),
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


class Dated:
    """Moments of a form of the administration within the years that can be reckoned with."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Django's field, which refuses the others."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]  # a ModelAdmin's
        if isinstance(db_field, models.DateField) and field is not None:
            field.validators = [*field.validators, within_years]
        return field
