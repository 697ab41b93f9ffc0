"""Changing how what members care about is reckoned, with a look at what would become of it first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from config.common.events import Actor, record
from feedback.expectations import refreshing, rules, setup
from feedback.expectations.queries import signs_in
from feedback.expectations.rules import Scored, Weights
from feedback.models import Cared, MemberExpectation, Sign, SignWeight

LOOKED_AT = 2_000
MOST = Decimal(10)


def checked(given: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], Decimal]:
    """Weights as they were typed, by sign and what it speaks for; an empty one is none.

    Raises:
        Invalid: no such sign, or no number from 0 to 10.
    """
    found = {}
    for (sign, cared), text in given.items():
        if sign not in Sign.values or cared not in Cared.values:
            raise Invalid(field=f"{sign}.{cared}"[:40])
        try:
            weight = Decimal(text.strip() or "0").quantize(Decimal("0.01"))
        except InvalidOperation as error:
            raise Invalid(_("Weights are numbers from 0 to 10."), field=f"{sign}.{cared}") from error
        if not (weight.is_finite() and 0 <= weight <= MOST):
            raise Invalid(_("Weights are numbers from 0 to 10."), field=f"{sign}.{cared}")
        found[sign, cared] = weight
    return found


@transaction.atomic
def weigh(*, given: Mapping[tuple[str, str], str], actor: Actor, at: datetime) -> int:
    """Keep weights of signs; those that are not named stay. Everybody is reckoned anew soon; gives how many.

    Raises:
        Invalid: see `checked`.
    """
    wanted = checked(given)
    known = {(one.sign, one.cared): one for one in SignWeight.objects.select_for_update().order_by("pk")}
    changed = {}
    for key, weight in wanted.items():
        before = known.get(key)
        if weight == (before.weight if before else 0):
            continue
        row = before or SignWeight(sign=key[0], cared=key[1])
        row.weight = weight
        row.save()
        changed[row] = weight
    if not changed:
        return 0
    for row, weight in changed.items():
        record(
            "signweight.changed", row, actor=actor, at=at, sign=row.sign, cared=row.cared, weight=str(weight)
        )
    return refreshing.all_due()


@dataclass(frozen=True, slots=True)
class Change:
    """A member before and after."""

    row: MemberExpectation
    before: Scored
    after: Scored


@dataclass(frozen=True, slots=True)
class Preview:
    """What other weights would do: how many of those looked at care for what, and some who would change."""

    looked_at: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    changes: Sequence[Change]


def preview(given: Mapping[tuple[str, str], str], *, shown: int = 5) -> Preview:
    """What would come of weights, among members that were reckoned last. Nothing is kept.

    Raises:
        Invalid: see `checked`.
    """
    wanted = checked(given)
    now = setup.weights()
    then = _with(now, wanted)
    known, numbers = setup.means(), setup.numbers(setup.current())
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    changes: list[Change] = []
    rows = (
        MemberExpectation.objects.filter(votes__gt=0).select_related("member").order_by("-computed_at", "pk")
    )
    looked_at = 0
    for row in rows[:LOOKED_AT]:
        looked_at += 1
        seen, mean = signs_in(row), setup.mean_of(row.group, known)
        old = rules.score(rules.votes(seen, now), mean, numbers)
        new = rules.score(rules.votes(seen, then), mean, numbers)
        before[old.cares_for] += 1
        after[new.cares_for] += 1
        if old.cares_for != new.cares_for and len(changes) < shown:
            changes.append(Change(row, old, new))
    return Preview(looked_at, before, after, changes)


def _with(now: Weights, wanted: Mapping[tuple[str, str], Decimal]) -> Weights:
    then = {sign: dict(by) for sign, by in now.items()}
    for (sign, cared), weight in wanted.items():
        then.setdefault(sign, {})[cared] = float(weight)
    return then
