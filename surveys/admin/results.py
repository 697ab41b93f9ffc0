"""The figures of a campaign: each with n and its 95 % interval, within the departments one may see."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.registry import Page
from config.common.screens import StaffRequest, page
from surveys.campaigns import queries
from surveys.models import Campaign
from surveys.scoring import Csat

PERIODS = {7: _("7 days"), 30: _("30 days"), 90: _("90 days"), 365: _("a year")}
USUAL = 30
FEW = 30  # answers; below that the interval is wide


def results(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """Show the figures of the chosen period."""
    if not request.user.has_perm("surveys.view_response"):
        raise PermissionDenied
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    days = next((days for days in PERIODS if request.GET.get("days") == str(days)), USUAL)
    now = timezone.now()
    found = queries.results(campaign, request.user, since=now - timedelta(days=days), until=now)
    figures = [
        {
            "question": one.question,
            "figure": one.figure,
            "is_csat": isinstance(one.figure, Csat),
            "rows": [
                (score, count, 100 * count / one.figure.n)
                for score, count in enumerate(one.figure.counts, start=1)
            ]
            if one.figure.n
            else [],
        }
        for one in found.results
    ]
    context = {
        "campaign": campaign,
        "days": days,
        "periods": PERIODS.items(),
        "found": found,
        "figures": figures,
        "few": FEW,
    }
    return page(request, "surveys/results.html", context, at=now)


PAGES = [Page("survey/<int:campaign_id>/results/", results, "survey_results")]
