"""Why promises were broken: what leads find out about breaches, and what it adds up to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound
from config.common.events import Happening, record_all
from config.common.models import User
from feedback.models import BreachCause, BreachNote, Case, Clock, Review

MOST_AT_ONCE = 200
REMARK_LENGTH = 500


@transaction.atomic
def note(
    *, clock_ids: Collection[int], cause_id: int, remark: str = "", actor: User, at: datetime
) -> list[BreachNote]:
    """Say why some promises were broken. What was said before is replaced, and stays in the events.

    Raises:
        NotFound: no such clock, or no such cause to choose from.
        Invalid: none or too many clocks, one that is not breached, a remark that is too long.
    """
    remark = " ".join(remark.replace("\0", "").split())
    if len(remark) > REMARK_LENGTH:
        raise Invalid(_("The remark is too long: %(limit)s characters at most.") % {"limit": REMARK_LENGTH})
    if not 0 < len(set(clock_ids)) <= MOST_AT_ONCE:
        raise Invalid(_("Choose between 1 and %(most)s breaches.") % {"most": MOST_AT_ONCE})
    cause = BreachCause.objects.filter(pk=cause_id, is_active=True).first()
    if cause is None:
        raise NotFound(_("This cause cannot be chosen any more."))
    wanted = Clock.objects.filter(pk__in=clock_ids)
    for model, name in ((Case, "case"), (Review, "review")):
        list(model.objects.filter(pk__in=wanted.values(name)).order_by("pk").select_for_update(no_key=True))
    clocks = list(wanted.select_related("case", "review").order_by("case_id", "pk"))
    if len(clocks) != len(set(clock_ids)):
        raise NotFound
    if any(clock.breached_at is None for clock in clocks):
        raise Invalid(_("One of these was kept in time after all."))
    BreachNote.objects.bulk_create(
        [BreachNote(clock=clock, cause=cause, remark=remark, by=actor, at=at) for clock in clocks],
        update_conflicts=True,
        unique_fields=["clock"],
        update_fields=["cause", "remark", "by", "at"],
    )
    record_all(
        Happening("breach.noted", clock.about, at, actor, {"clock": clock.pk, "cause": cause.code})
        for clock in clocks
    )
    return list(BreachNote.objects.filter(clock__in=clocks).select_related("cause").order_by("clock_id"))


@dataclass(frozen=True, slots=True)
class Bar:
    """A cause and how often it was one; `upto` is the share in percent of this and all more frequent ones."""

    cause: BreachCause | None
    """None: nobody said yet."""
    number: int
    percent: float
    upto: float


def pareto(found: QuerySet[Clock]) -> list[Bar]:
    """Count some breaches by cause, the most frequent first; those that nobody looked at come last."""
    rows = dict(
        found.order_by().values_list("breach_note__cause").annotate(number=Count("pk")).order_by("-number")
    )
    causes = BreachCause.objects.in_bulk([pk for pk in rows if pk is not None])
    whole, bars, upto = sum(rows.values()), [], 0
    for pk in sorted(rows, key=lambda pk: (pk is None, -rows[pk])):
        upto += rows[pk]
        bars.append(Bar(causes.get(pk), rows[pk], 100 * rows[pk] / whole, 100 * upto / whole))
    return bars
