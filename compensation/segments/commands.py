"""Keeping segments."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Segment
from compensation.segments import queries
from config.common.errors import InUse, NotFound
from config.common.events import Actor, record

USES: list[Callable[[Collection[Segment]], Sequence[tuple[int, str]]]] = []
"""Who else goes by some segments: (segment, name for people); upper packages append theirs in `ready()`."""


def uses_of(segments: Collection[Segment]) -> dict[int, list[str]]:
    """What goes by each of some segments, in words for people."""
    found: dict[int, list[str]] = {segment.pk: [] for segment in segments}
    for uses in USES:
        for segment_id, name in uses(segments):
            found[segment_id].append(name)
    return found


@transaction.atomic
def save(*, segment: Segment, filters: Mapping[str, Any], actor: Actor, at: datetime) -> Segment:
    """Keep a new or changed segment, its filter checked, and count it. Another filter is another version.

    What takes longer to count, a worker counts for the list soon.

    Raises:
        Invalid: the filter makes no sense.
    """
    checked = queries.clean(filters)
    if segment.pk is not None:
        known = Segment.objects.select_for_update().filter(pk=segment.pk).first()
        if known is None:
            raise NotFound
        segment.version = known.version + (known.filters != checked)
    segment.filters = checked
    found = queries.about(checked, at)
    is_exact = not found.give_or_take
    segment.counted, segment.counted_at = (found.number, at) if is_exact else (None, None)
    segment.save()
    record("segment.saved", segment, actor=actor, at=at, version=segment.version, criteria=sorted(checked))
    return segment


@transaction.atomic
def delete(*, segment_id: int, actor: Actor, at: datetime) -> None:
    """Delete a segment that nothing goes by.

    Raises:
        InUse: something does; it is named.
        NotFound: there is no such segment.
    """
    segment = Segment.objects.select_for_update().filter(pk=segment_id).first()
    if segment is None:
        raise NotFound
    if used := uses_of([segment])[segment.pk]:
        raise InUse(
            _("This segment is still needed by: %(uses)s. Give them another one first.")
            % {"uses": ", ".join(used)}
        )
    record("segment.deleted", segment, actor=actor, at=at, code=segment.code)
    segment.delete()


def recount(*, segment_id: int, at: datetime) -> int | None:
    """Count a segment anew for the list; None when it no longer makes sense or is gone."""
    segment = Segment.objects.filter(pk=segment_id).first()
    if segment is None or not queries.makes_sense(segment):
        return None
    number = queries.count(segment.filters, at)
    Segment.objects.filter(pk=segment_id).update(counted=number, counted_at=at)
    return number
