"""Gaps, hot spots and findings of the audit as files: what is in each, narrowed down as its page is."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from config.common.screens import StaffRequest
from config.common.sheets import MOST_ROWS, Row
from feedback.admin import gaps, hot_spots
from feedback.claims import queries as claims
from feedback.gaps import queries
from feedback.models import Aspect, FindingKind, GapCause, Severity, SpotBy

MOST_SCENES = 200
MOST_SPOTS = 1_000
CHUNK = 1_000
Made = tuple[int, Callable[[], Iterator[Row]]]


def scenes(_request: StaffRequest) -> Made:
    """Where gaps are most frequent."""
    since = timezone.now() - timedelta(days=gaps.SCENE_DAYS)
    found = queries.scenes(since=since, limit=MOST_SCENES)

    def rows() -> Iterator[Row]:
        for one in found:
            cause = str(GapCause(one.cause).label) if one.cause else _("unknown")
            yield [Aspect(one.aspect).label, Severity(one.severity).label, cause, one.region, one.number]

    return len(found), rows


def spots(request: StaffRequest) -> Made:
    """The spots of a week, those that have grown first; shares in percent, with 95 % intervals."""
    found = hot_spots.asked(request, limit=MOST_SPOTS)
    if found is None:
        raise Http404

    def percent(share: float | None) -> float | None:
        return None if share is None else round(100 * share, 2)

    def rows() -> Iterator[Row]:
        for one in found.spots:
            yield [
                one.name, SpotBy(one.by).label, _("grown") if one.grown else _("as usual"), one.counts.gaps,
                one.counts.n, percent(one.rate.value), percent(one.rate.low), percent(one.rate.high),
                percent(one.usual.value), round(one.chance, 6),
            ]  # fmt: skip

    return len(found.spots), rows


def findings(request: StaffRequest) -> Made:
    """What the audit of claims found and nobody has settled."""
    found = claims.findings().select_related("claim__product").order_by("pk")
    if (kind := request.GET.get("kind", "")) in FindingKind.values:
        found = found.filter(kind=kind)

    def rows() -> Iterator[Row]:
        for one in found.iterator(CHUNK):
            claim = one.claim
            yield [
                one.get_kind_display(), claim.text[one.start : one.end], one.data.get("why", ""),
                claim.get_channel_display(), str(claim.product or claim.category), claim.text,
                one.get_status_display(), one.found_at,
            ]  # fmt: skip

    return found.order_by()[: MOST_ROWS + 1].count(), rows
