"""Whom a campaign would ask, and whose answers a person may see."""

from collections.abc import Collection

from django.db.models import QuerySet

from compensation.models import Segment
from config.common.models import User
from feedback.cases.queries import visible_to
from feedback.org.queries import SEE_ALL
from surveys.campaigns.counting import Line, Preview, preview
from surveys.models import Campaign, Response, Stratum

__all__ = ["Line", "Preview", "preview", "sees_all", "uses_of", "visible_responses"]

SEE_ALL_RESULTS = "surveys.see_all_results"


def sees_all(user: User) -> bool:
    """Whether a person may see what everybody answered."""
    return user.is_active and (user.has_perm(SEE_ALL) or user.has_perm(SEE_ALL_RESULTS))


def visible_responses(user: User) -> QuerySet[Response]:
    """The responses that a person may see: those about cases that the person may see, or all."""
    if sees_all(user):
        return Response.objects.all()
    return Response.objects.filter(invitation__case__in=visible_to(user).values("pk"))


def uses_of(segments: Collection[Segment]) -> list[tuple[int, str]]:
    """The campaigns that ask some segments, for whoever wants to delete one."""
    campaigns = Campaign.objects.filter(segment__in=segments).order_by("code")
    strata = Stratum.objects.filter(segment__in=segments).select_related("campaign")
    uses = [(campaign.segment_id, str(campaign)) for campaign in campaigns]
    uses += [(stratum.segment_id, str(stratum.campaign)) for stratum in strata.order_by("campaign__code")]
    return [(segment, used) for segment, used in uses if segment]
