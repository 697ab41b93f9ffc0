"""Scores, chance and agreement: pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid

Form = Mapping[str, Any]
"""A scorecard as a check keeps it: `items`, each with key, weight, best, critical; and `pass`."""
Points = Mapping[str, int | None]
"""The points of each item by its key; None where the item does not apply."""

SPACE = 2**64


@dataclass(frozen=True, slots=True)
class Mark:
    """What a conversation is worth, in percent, and whether it has failed."""

    score: Decimal
    has_failed: bool


def mark(form: Form, points: Points) -> Mark:
    """Weigh the points: the sum of weight × points ÷ best points over the sum of the weights that apply.

    It has failed with 0 points for a critical item, or below what the scorecard demands.

    Raises:
        Invalid: an item is missing, unknown, or has points that it does not offer; or none applies.
    """
    items = {item["key"]: item for item in form["items"]}
    if set(points) != set(items):
        raise Invalid(_("Score every item, or say that it does not apply."))
    given = {key: value for key, value in points.items() if value is not None}
    if any(not 0 <= value <= items[key]["best"] for key, value in given.items()):
        raise Invalid(_("An item has no such points."))
    whole = sum(items[key]["weight"] for key in given)
    if not whole:
        raise Invalid(_("At least one item has to apply."))
    reached = sum(Decimal(items[key]["weight"]) * value / items[key]["best"] for key, value in given.items())
    score = (100 * reached / whole).quantize(Decimal("0.01"))
    critical = any(items[key]["critical"] and value == 0 for key, value in given.items())
    return Mark(score, critical or score < form["pass"])


def chance(rule_id: int, case_id: int) -> float:
    """Draw a number from 0 up to 1 for a case under a rule: always the same, evenly spread."""
    digest = sha256(f"{rule_id}:{case_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / SPACE


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree who scored the same conversations."""

    n: int
    difference: float
    """Mean of the second's score minus the first's, in percentage points."""
    apart: float
    """Mean distance of the scores, whichever is higher."""
    kappa: float | None
    """Weighted kappa over the items; None where chance alone would agree fully, or nothing was scored."""


def agreement(pairs: Sequence[tuple[float, float]], items: Sequence[tuple[float, float]]) -> Agreement | None:
    """Compare scores in percent, and points of items as shares of the best; None without any.

    Kappa is Cohen's weighted kappa (J. Cohen, Psychological Bulletin 70, 1968): 1 − observed ÷ expected
    disagreement, where two points disagree by their distance, and by chance each point of the one meets
    each of the other.
    """
    if not pairs:
        return None
    differences = [second - first for first, second in pairs]
    return Agreement(
        n=len(pairs),
        difference=sum(differences) / len(pairs),
        apart=sum(map(abs, differences)) / len(pairs),
        kappa=_kappa(items),
    )


def _kappa(items: Sequence[tuple[float, float]]) -> float | None:
    if not items:
        return None
    observed = sum(abs(one - other) for one, other in items) / len(items)
    firsts, seconds = [one for one, _other in items], [other for _one, other in items]
    expected = sum(abs(one - other) for one in firsts for other in seconds) / len(items) ** 2
    return 1 - observed / expected if expected else None
