"""Reading what an address or a form asks for, whatever somebody has put there."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

FIRST_YEAR, LAST_YEAR = 2000, 2200
LONGEST = 18  # digits that a bigint always holds


def id_in(text: str | None) -> int | None:
    """The number of a row that a text names; None where it names none, such as one that no row can have."""
    plain = text or ""
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= LONGEST else None


def in_years(day: date) -> bool:
    """Whether a day or moment can be reckoned with: a calendar ends, and so does arithmetic on it."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def within_years(day: date) -> None:
    """Refuse a day or moment that nobody can mean, in a form.

    Raises:
        ValidationError: it is beyond the years.
    """
    if not in_years(day):
        raise ValidationError(
            _("Choose a year from %(first)s to %(last)s."), params={"first": FIRST_YEAR, "last": LAST_YEAR}
        )
