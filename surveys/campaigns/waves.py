"""The waves of campaigns: made when they are first asked for."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, QuerySet

from surveys.campaigns import rules
from surveys.models import Campaign, Stratum, Wave, WaveCell


def round_of(campaign: Campaign, at: datetime) -> rules.Round:
    """The round of a campaign that a moment belongs to, whether there is a wave of it yet or not."""
    return rules.round_at(
        campaign.occasion,
        campaign.rhythm,
        at=at,
        starts_at=campaign.starts_at or at,
        ends_at=campaign.ends_at,
        zone=ZoneInfo(settings.TIME_ZONE),
    )


def wave_at(campaign: Campaign, at: datetime) -> Wave:
    """The wave of a campaign that a moment belongs to. Call in a transaction.

    Two callers at once get the same one.
    """
    found = round_of(campaign, at)
    wave, is_new = Wave.objects.get_or_create(
        campaign=campaign,
        label=found.label,
        defaults={"opens_at": found.opens_at, "closes_at": found.closes_at},
    )
    if is_new:
        _make_cells(wave)
    return wave


def _make_cells(wave: Wave) -> None:
    """Count answers where there are quotas."""
    quotas: list[tuple[Stratum | None, int | None]] = [(None, wave.campaign.quota)]
    quotas += [(stratum, stratum.quota) for stratum in wave.campaign.strata.all()]
    WaveCell.objects.bulk_create(
        WaveCell(wave=wave, stratum=stratum, quota=quota) for stratum, quota in quotas if quota
    )


def full(cells: QuerySet[WaveCell]) -> set[int | None]:
    """Of which strata enough have answered; None stands for the whole wave."""
    found = cells.filter(answered__gte=F("quota"))
    return set(found.values_list("stratum", flat=True))
