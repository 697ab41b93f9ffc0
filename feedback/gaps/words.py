"""What a gap comes to, in the language of the moment."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.common.decimals import decimals
from config.common.money import FEN_PER_YUAN, display
from feedback.gaps import rules
from feedback.models import Aspect, Gap


def size(gap: Gap, now: datetime) -> str:
    """How far off, in its unit."""
    off = rules.size(gap, now)
    told = decimals(off, 1)
    match gap.aspect:
        case Aspect.PRICE:
            fen = ((gap.actual or Decimal()) - (gap.expected or Decimal())) * FEN_PER_YUAN
            return _("%(amount)s too much (%(percent)s %%)") % {"amount": display(int(fen)), "percent": told}
        case Aspect.QUALITY:
            return _("%(stars)s stars too few") % {"stars": told}
        case Aspect.SERVICE:
            return _("%(hours)s hours late") % {"hours": told}
    return ngettext("%(days)s day late", "%(days)s days late", int(off)) % {"days": told}


def all_of(gaps: Iterable[Gap], now: datetime) -> list[tuple[Gap, str]]:
    """The gaps, each with how far off it is."""
    return [(gap, size(gap, now)) for gap in gaps]
