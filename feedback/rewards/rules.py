"""What makes a review useful, and what no reward may hang on. Pure; nothing here knows of stars."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby, islice, pairwise
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from feedback.models import PRAISE

PRAISING = re.compile(PRAISE, re.IGNORECASE)
NAMES_STARS = re.compile(
    r"star(?!t)|rating|score|sentiment|tone|feeling|mood|positive|negative|praise|星|好评|情感", re.IGNORECASE
)
HIDDEN = {"Cf", "Cc", "Mn"}


class UnlawfulReward(Invalid):
    """A reward would depend on praise."""

    code = "unlawful_reward"
    default = _(
        "A reward may not depend on stars or on praise: that buys opinions and misleads other buyers. "
        "Anti-Unfair Competition Law, article 9 (until October 2025 article 8); E-Commerce Law, article 17; "
        "Measures for the Supervision of Online Trading, article 14; Interim Provisions on Unfair "
        "Competition Online, article 9 (5). Reward what makes a review useful, the same for one star as "
        "for five, and do not speak of good reviews."
    )


class Asks(Protocol):
    """The conditions of a rule."""

    length_from: int
    pictures_from: int
    asks_video: bool
    dimensions_from: int
    votes_from: int
    asks_pick: bool
    asks_purchase: bool
    after_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a review is, as far as a reward may look: neither its stars nor what it thinks."""

    length: int = 0
    pictures: int = 0
    has_video: bool = False
    dimensions: int = 0
    votes: int = 0
    is_picked: bool = False
    is_purchase: bool = False
    days_after: int = 0
    """Whole days after the review that it follows."""


def missing(asks: Asks, facts: Facts) -> list[str]:
    """The conditions that a review does not meet, by their names; none: it is rewarded."""
    met = {
        "length_from": facts.length >= asks.length_from,
        "pictures_from": facts.pictures >= asks.pictures_from,
        "asks_video": facts.has_video or not asks.asks_video,
        "dimensions_from": facts.dimensions >= asks.dimensions_from,
        "votes_from": facts.votes >= asks.votes_from,
        "asks_pick": facts.is_picked or not asks.asks_pick,
        "asks_purchase": facts.is_purchase or not asks.asks_purchase,
        "after_days": facts.days_after >= asks.after_days,
    }
    return [name for name, is_met in met.items() if not is_met]


def useful_length(text: str) -> int:
    """How many letters and digits a text has that say something.

    Blanks, signs and emoji do not count, one character again and again counts twice, and what only repeats a
    few words counts no more than twice the different pairs of neighbours in it.
    """
    runs = groupby(one for one in text.casefold() if one.isalnum())
    said = [sign for sign, run in runs for _once in islice(run, 2)]
    return min(len(said), 2 * (len(set(pairwise(said))) + 1)) if said else 0


def check_lawful(texts: Iterable[str], asks: Iterable[str] = ()) -> None:
    """Refuse a rule that asks for stars or praise, in its words or by the names of its conditions.

    Raises:
        UnlawfulReward: it does.
    """
    if any(PRAISING.search(plain(text)) or PRAISING.search(text) for text in texts):
        raise UnlawfulReward
    if found := next((name for name in asks if NAMES_STARS.search(name)), None):
        raise UnlawfulReward(field=found)


def plain(text: str) -> str:
    """A text without what hides words in it: wide characters, marks that nobody sees, dots between."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) not in HIDDEN)
    return re.sub(r"(?<=[一-鿿])[\s.·・,，、_*~|/-]+(?=[一-鿿])", "", text)


def month_of(at: datetime, zone: tzinfo) -> date:
    """The first day of a moment's month."""
    return at.astimezone(zone).date().replace(day=1)
