"""Filters that every app's lists share."""

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField


class MomentField(IsoDateTimeField):
    """A moment in ISO 8601, as UTC: Python knows zones that PostgreSQL does not."""

    def clean(self, value: Any) -> datetime | None:
        """The moment in UTC.

        Raises:
            ValidationError: no moment, or one beyond the calendar.
        """
        moment = super().clean(value)
        try:
            return moment.astimezone(UTC) if moment else None
        except (OverflowError, ValueError) as error:
            raise ValidationError(_("This is not a moment in time.")) from error


class MomentFilter(filters.IsoDateTimeFilter):
    """A filter by a moment."""

    field_class = MomentField
