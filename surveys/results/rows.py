"""The responses of a cut themselves, for whoever needs more than sums."""

from django.db.models import QuerySet

from surveys.models import Dimension, Response
from surveys.results.counted import Cut

FILTERS = {
    Dimension.STRATUM: "stratum__in",
    Dimension.CHANNEL: "channel__in",
    Dimension.SEGMENT: "segments__overlap",
    Dimension.TIER: "tier__in",
    Dimension.AGENT: "agent__in",
    Dimension.DEPARTMENT: "department__in",
    Dimension.PRODUCT: "product__in",
}


def responses(cut: Cut) -> QuerySet[Response]:
    """The responses of some waves that have one of the values of each dimension; weeks are left aside."""
    found = Response.objects.filter(wave__in=cut.waves)
    for name, values in cut.narrow:
        found = found.filter(**{FILTERS[Dimension(name)]: list(values)})
    return found
