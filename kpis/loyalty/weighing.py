"""The weights of the index: as they are kept, which of them hold for a month, and setting new ones."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotPermitted
from config.common.events import record
from config.common.models import User
from kpis.loyalty.rules import Input, Part, Ruler, Scheme
from kpis.models import LoyaltyRun, LoyaltyWeights

SET = "kpis.change_loyaltyweights"
FIRST = date(2000, 1, 1)
SHIPPED = Scheme(
    {Part.BEHAVIOUR: 40, Part.FEELING: 35, Part.BELIEF: 25},
    {
        Input.FREQUENCY: Ruler(40, 0, 6),
        Input.AMOUNT: Ruler(40, 0, 3000),
        Input.INTERACTION: Ruler(20, 0, 4),
        Input.SATISFACTION: Ruler(60, 1, 5),
        Input.TRUST: Ruler(40, 50, 100),
        Input.BRAND: Ruler(50, -100, 100),
        Input.PRODUCT: Ruler(25, 1, 5),
        Input.SERVICE: Ruler(25, 1, 5),
    },
)
"""A beginning of our own, without a source: every shop has to find its own."""


def content_of(scheme: Scheme) -> dict[str, Any]:
    """A scheme as it is kept."""
    return {
        "parts": {part.value: weight for part, weight in scheme.parts.items()},
        "inputs": {name.value: [one.weight, one.zero, one.full] for name, one in scheme.inputs.items()},
    }


def scheme_of(content: Mapping[str, Any]) -> Scheme:
    """A scheme that was kept."""
    return Scheme(
        {Part(part): weight for part, weight in content["parts"].items()},
        {Input(name): Ruler(*numbers) for name, numbers in content["inputs"].items()},
    )


def weights_for(month: date) -> LoyaltyWeights | None:
    """The version that holds for a month: the newest that began by then."""
    return LoyaltyWeights.objects.filter(since__lte=month).order_by("-since").first()


def made_of(parts: Mapping[Part, float], inputs: Mapping[Input, tuple[float, float, float]]) -> Scheme:
    """A scheme of numbers that somebody typed.

    Raises:
        Invalid: it measures nothing.
    """
    rulers = {}
    for name, (weight, zero, full) in inputs.items():
        try:
            rulers[name] = Ruler(weight, zero, full)
        except ValueError as error:
            raise Invalid(_("What is 0 and what is 100 differ."), field=name.value) from error
    try:
        return Scheme(parts, rulers)
    except ValueError as error:
        raise Invalid(_("Some part needs a weight, and some input of each part that has one.")) from error


def hold() -> None:
    """Let nobody else set weights or take a month until the transaction ends; both rest on each other."""
    list(LoyaltyWeights.objects.select_for_update(no_key=True).order_by("pk"))


@transaction.atomic
def set_weights(*, scheme: Scheme, since: date, actor: User | None, at: datetime) -> LoyaltyWeights:
    """Set the weights from a month on; those set for the same month before are replaced.

    Raises:
        NotPermitted: without the right.
        MoveNotAllowed: a month from then on is taken.
    """
    if actor is not None and not (actor.is_active and actor.has_perm(SET)):
        raise NotPermitted
    since = since.replace(day=1)
    hold()
    if LoyaltyRun.objects.filter(month__gte=since).exists():
        raise MoveNotAllowed(_("A month from then on is taken: set them from a later one."))
    newest = LoyaltyWeights.objects.aggregate(number=Max("version"))["number"] or 0
    LoyaltyWeights.objects.filter(since=since).delete()
    made = LoyaltyWeights.objects.create(
        version=newest + 1, since=since, content=content_of(scheme), made_at=at, made_by=actor
    )
    record("loyalty.weights_set", made, actor=actor, at=at, version=made.version, since=f"{since:%Y-%m}")
    return made


def seed(at: datetime) -> None:
    """The weights that ship, where there are none."""
    if not LoyaltyWeights.objects.exists():
        set_weights(scheme=SHIPPED, since=FIRST, actor=None, at=at)
