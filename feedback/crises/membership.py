"""Which cases belong to a crisis: what its conditions say, in SQL; what one counted thing says, likewise."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from compensation.models import OrderLine
from feedback.models import Case, Crisis, CrisisBy, CrisisOf, Feeling, Post, Review, Triage

OF_CASE = {
    "kinds": "kind__in",
    "channels": "channel__in",
    "priorities": "priority__in",
    "tiers": "member__tier__code__in",
    "categories": "category__in",
    "languages": "language__in",
    "regions": "order__region__in",
}
OF_LINES = {"products": "product__in", "suppliers": "supplier__in", "couriers": "shipment__carrier__in"}
OF_TRIAGE = {"aspects": "aspects__overlap", "gap_kinds": "gap_kind__in"}
PART_OF: Mapping[str, str] = {
    CrisisBy.KIND: "kinds",
    CrisisBy.CATEGORY: "categories",
    CrisisBy.PRODUCT: "products",
    CrisisBy.SUPPLIER: "suppliers",
    CrisisBy.COURIER: "couriers",
    CrisisBy.REGION: "regions",
    CrisisBy.ASPECT: "aspects",
    CrisisBy.GAP_KIND: "gap_kinds",
}
"""Which condition a counted thing becomes."""
NUMBER = 19


def conditions_of(by: str, value: str) -> dict[str, list[Any]]:
    """What a counted thing says as conditions of a crisis; none for everything."""
    part = PART_OF.get(by)
    if part is None:
        return {}
    return {part: [_number(value)] if part == "products" else [value]}


def matching(crisis: Crisis) -> QuerySet[Case]:
    """The cases that fit the conditions, whether they have joined or not; never what was merged away."""
    found = Case.objects.filter(opened_at__gte=crisis.since, merged_into=None, member__erased_at=None)
    return found.filter(
        fits({name: getattr(crisis, name) for name in (*OF_CASE, *OF_LINES, *OF_TRIAGE, "words")})
    )


def fits(parts: Mapping[str, Any]) -> Q:
    """Whether a case is in each list that is not empty."""
    asked = Q(**{lookup: parts[name] for name, lookup in OF_CASE.items() if parts.get(name)})
    lines = {lookup: parts[name] for name, lookup in OF_LINES.items() if parts.get(name)}
    if lines:
        asked &= Q(Exists(OrderLine.objects.filter(order=OuterRef("order_id"), **lines)))
    read = {lookup: parts[name] for name, lookup in OF_TRIAGE.items() if parts.get(name)}
    if read:
        asked &= Q(Exists(Triage.objects.filter(case=OuterRef("pk"), **read)))
    if parts.get("words"):
        said = Q()
        for word in parts["words"]:
            said |= Q(subject__icontains=word)
        asked &= said
    return asked


def of_spot(by: str, value: str) -> Q:
    """The cases of one counted thing."""
    return fits(conditions_of(by, value))


def reviews_of(by: str, value: str) -> Q:
    """The reviews of one counted thing."""
    number = _number(value)
    return {
        CrisisBy.ALL: Q(),
        CrisisBy.CATEGORY: Q(product__category=value),
        CrisisBy.PRODUCT: Q(product=number) | Q(product=None, order__lines__product=number),
        CrisisBy.SUPPLIER: Q(order__lines__supplier=value),
        CrisisBy.COURIER: Q(order__shipments__carrier=value),
        CrisisBy.REGION: Q(order__region=value),
        CrisisBy.ASPECT: Q(triage__aspects__contains=[value]),
        CrisisBy.GAP_KIND: Q(triage__gap_kind=value),
    }.get(CrisisBy(by), Q(pk=None))


def bad_reviews() -> QuerySet[Review]:
    """The reviews that are counted."""
    return Review.objects.filter(stars__lte=2, deleted_at=None, status="published")


def posts_of(by: str, value: str) -> Q:
    """The posts of one counted thing."""
    return {
        CrisisBy.ALL: Q(),
        CrisisBy.CATEGORY: Q(product__category=value),
        CrisisBy.PRODUCT: Q(product=_number(value)),
        CrisisBy.ASPECT: Q(triage__aspects__contains=[value]),
        CrisisBy.GAP_KIND: Q(triage__gap_kind=value),
    }.get(CrisisBy(by), Q(pk=None))


def rows_of(of: str, by: str, value: str) -> "QuerySet[Case] | QuerySet[Review] | QuerySet[Post]":
    """What was counted of one thing."""
    if of == CrisisOf.POST:
        negative = Post.objects.filter(triage__feeling=Feeling.NEGATIVE, copy_of=None, deleted_at=None)
        return negative.filter(posts_of(by, value))
    if of == CrisisOf.REVIEW:
        return bad_reviews().filter(reviews_of(by, value)).distinct()
    return Case.objects.filter(of_spot(by, value), merged_into=None)


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < NUMBER else 0
