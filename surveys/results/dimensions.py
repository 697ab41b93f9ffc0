"""What answers are told apart by, in words."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from compensation.models import Product, Segment, Tier
from feedback.models import Agent, Department
from surveys.models import AskChannel, Campaign, Dimension, Stratum

NAMES: Mapping[str, str | Promise] = {
    Dimension.STRATUM: gettext_lazy("stratum"),
    Dimension.CHANNEL: gettext_lazy("channel"),
    Dimension.SEGMENT: gettext_lazy("segment"),
    Dimension.TIER: gettext_lazy("tier"),
    Dimension.DEPARTMENT: gettext_lazy("department"),
    Dimension.AGENT: gettext_lazy("agent"),
    Dimension.PRODUCT: gettext_lazy("product"),
}
ANONYMOUS = (Dimension.STRATUM, Dimension.CHANNEL)
"""What anonymous answers are told apart by."""
CHANNELS: Mapping[str, str | Promise] = {
    **{one.value: one.label for one in AskChannel},
    "": pgettext_lazy("survey channel", "by no message"),
}


def offered(campaign: Campaign) -> dict[str, str | Promise]:
    """The dimensions that the results of a campaign can be told by."""
    if campaign.is_anonymous:
        return {name: NAMES[name] for name in ANONYMOUS}
    return dict(NAMES)


def labels(dimension: str, values: Collection[str]) -> dict[str, str]:
    """What values of a dimension are called; one that is no more is called by itself. One query at most."""
    return {value: value for value in values} | _named(dimension, values)


def _named(dimension: str, values: Collection[str]) -> dict[str, str]:
    if dimension == Dimension.CHANNEL:
        return {value: str(CHANNELS[value]) for value in values if value in CHANNELS}
    if dimension == Dimension.SEGMENT:
        return {one.code: str(one) for one in Segment.objects.filter(code__in=values)}
    find = FINDERS.get(dimension)
    ids = [int(value) for value in values if value.isdecimal()]
    return {str(one.pk): str(one) for one in find().filter(pk__in=ids)} if find else {}


FINDERS: Mapping[str, Callable[[], QuerySet[Any]]] = {
    Dimension.STRATUM: Stratum.objects.all,
    Dimension.TIER: Tier.objects.all,
    Dimension.DEPARTMENT: Department.objects.all,
    Dimension.AGENT: lambda: Agent.objects.select_related("user"),
    Dimension.PRODUCT: Product.objects.all,
}
