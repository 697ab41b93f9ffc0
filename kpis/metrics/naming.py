"""What the keys that figures are told apart by are called."""

from collections.abc import Callable, Collection
from datetime import date

from django.db.models import QuerySet

from compensation.models import Product, Segment, Tier
from config.common.asked import id_in
from feedback.models import Agent, Channel, Department
from kpis.models import Dimension, MetricCode, Snapshot

Group = tuple[str, list[tuple[str, str]]]
"""A dimension by its name, with "dimension:key" and name of each."""


def names(dimension: Dimension, keys: Collection[str]) -> dict[str, str]:
    """The words for keys of a dimension, in the language of the moment; unknown ones stand for themselves."""
    find = NAMES.get(dimension)
    found = find(keys) if find else {}
    return {key: found.get(key) or key for key in keys}


def is_known(dimension: Dimension, key: str) -> bool:
    """Whether there is such a thing, written as figures write it: "7", not "007".

    Regions are known from what was measured of them.
    """
    if dimension == Dimension.CATEGORY:
        return Product.objects.filter(category=key).exists()
    if dimension == Dimension.REGION:
        told = Snapshot.objects.filter(metric__in=MetricCode.values, dimension=dimension, key=key)
        return told.exists()
    return key in NAMES[dimension]([key])


def offered(departments: QuerySet[Department], *, company: bool, since: date) -> list[Group]:
    """What somebody may choose of, by dimension: their departments; with the company's figures all else too.

    Categories and regions are those of which something was measured since a day.
    """
    found = [(Dimension.DEPARTMENT, {str(row.pk): str(row) for row in departments.order_by("pk")})]
    if company:
        agents = Agent.objects.filter(is_active=True).select_related("user").order_by("user__name", "pk")
        told = Snapshot.objects.filter(metric__in=MetricCode.values, day__gte=since)
        said = {
            one: sorted(told.filter(dimension=one).values_list("key", flat=True).distinct())
            for one in (Dimension.CATEGORY, Dimension.REGION)
        }
        found += [
            (Dimension.AGENT, {str(row.pk): str(row) for row in agents}),
            (Dimension.CHANNEL, _channels([])),
            (Dimension.TIER, {row.code: str(row) for row in Tier.objects.order_by("rank")}),
            (Dimension.SEGMENT, {row.code: str(row) for row in Segment.objects.order_by("code")}),
            *((one, {key: key for key in keys}) for one, keys in said.items()),
        ]
    return [
        (str(one.label), [(f"{one.value}:{key}", name) for key, name in known.items()])
        for one, known in found
        if known
    ]


def _numbers(keys: Collection[str]) -> list[int]:
    return [number for key in keys if (number := id_in(key))]


def _departments(keys: Collection[str]) -> dict[str, str]:
    return {str(row.pk): str(row) for row in Department.objects.filter(pk__in=_numbers(keys))}


def _agents(keys: Collection[str]) -> dict[str, str]:
    agents = Agent.objects.filter(pk__in=_numbers(keys)).select_related("user")
    return {str(row.pk): str(row) for row in agents}


def _tiers(keys: Collection[str]) -> dict[str, str]:
    return {row.code: str(row) for row in Tier.objects.filter(code__in=keys)}


def _segments(keys: Collection[str]) -> dict[str, str]:
    return {row.code: str(row) for row in Segment.objects.filter(code__in=keys)}


def _channels(_keys: Collection[str]) -> dict[str, str]:
    return {value: str(label) for value, label in Channel.choices}


NAMES: dict[Dimension, Callable[[Collection[str]], dict[str, str]]] = {
    Dimension.DEPARTMENT: _departments,
    Dimension.AGENT: _agents,
    Dimension.TIER: _tiers,
    Dimension.SEGMENT: _segments,
    Dimension.CHANNEL: _channels,
}
"""Categories and regions are named by themselves."""
