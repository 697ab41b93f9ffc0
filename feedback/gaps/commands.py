"""Finding gaps, keeping them true, and what people say about their causes."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.orders import queries as orders
from config.common.errors import Invalid, NotFound
from config.common.events import Actor, Happening, record, record_all
from feedback.gaps import search
from feedback.gaps.search import Difference, Side
from feedback.models import Gap, GapCause, GapKind, GapProgress, GapThreshold

AT_ONCE = 2_000
LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a search did: how many gaps by what happened to them, whose they are, and whether to go on."""

    counts: Counter[str]
    gap_ids: list[int]
    more: bool = False


@transaction.atomic
def detect(*, at: datetime, order_ids: Collection[int] | None = None, limit: int = LIMIT) -> Found:
    """Make the gaps say what the facts say: of the given orders, or of all that may have changed.

    Without `order_ids` it goes on from where the last search stopped: orders that changed, promises
    whose time has passed, gaps that have grown worse by waiting; at most `limit` of each, and `more` says
    whether there are more. Searches wait for one another. A search never takes for now what is earlier
    than an earlier search did, so that no promise falls due between the two.
    """
    progress = _progress()
    now = max(at, progress.looked_at or at)
    more = False
    if order_ids is None:
        wanted, more = _go_on(progress, now, limit)
    else:
        wanted = set(order_ids)
    progress.looked_at = now
    progress.save()
    counts: Counter[str] = Counter()
    gap_ids: list[int] = []
    ids = sorted(wanted)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        search.make_promises(some, now)
        happenings = _write(search.differences(some, now), now)
        counts.update(happening.kind for happening in happenings)
        gap_ids += [happening.subject.pk for happening in happenings]
    return Found(counts, gap_ids, more)


@transaction.atomic
def save_threshold(*, threshold: GapThreshold, actor: Actor, at: datetime) -> GapThreshold:
    """Keep the thresholds of an aspect; all its gaps are graded anew by the next searches."""
    threshold.save()
    search_anew()
    record(
        "gap_threshold.saved",
        threshold,
        actor=actor,
        at=at,
        aspect=threshold.aspect,
        slight_days=str(threshold.slight_days),
        moderate_days=str(threshold.moderate_days),
    )
    return threshold


@transaction.atomic
def search_anew() -> None:
    """Let the next searches look at every order again, as after a change of the thresholds."""
    progress = _progress()
    progress.changed_txid = progress.changed_id = 0
    progress.save()


def _progress() -> GapProgress:
    GapProgress.objects.bulk_create([GapProgress(pk=1)], ignore_conflicts=True)
    return GapProgress.objects.select_for_update().get(pk=1)


def _go_on(progress: GapProgress, now: datetime, limit: int) -> tuple[set[int], bool]:
    """The next orders to look at, with the progress moved past them."""
    if progress.changed_txid > orders.snapshot_floor():  # the data came here from another server
        progress.changed_txid = progress.changed_id = 0
    changed = orders.changed_since(progress.changed_txid, progress.changed_id, limit=limit)
    if changed:
        progress.changed_txid, progress.changed_id = changed[-1]
    due: list[tuple[datetime, int, int]] = []
    if progress.due_at is not None:
        due = search.fallen_due(progress.due_at, progress.due_id, now, limit)
    if len(due) == limit:
        progress.due_at, progress.due_id = due[-1][0], due[-1][1]
    else:
        progress.due_at, progress.due_id = now, 0
    worse = search.grown_worse(now, limit)
    wanted = {row[1] for row in changed} | {row[2] for row in due} | set(worse)
    return wanted, limit in {len(changed), len(due), len(worse)}


def _write(found: Iterable[Difference], at: datetime) -> list[Happening]:
    """Correct the gaps that differ, each with its event."""
    differences = list(found)
    right = [_as_it_should_be(one, at) for one in differences if one.should]
    Gap.objects.bulk_create(
        right,
        update_conflicts=True,
        unique_fields=["order", "aspect"],
        update_fields=[
            "promise",
            "expected_at",
            "actual_at",
            "days",
            "severity",
            "changed_at",
            "withdrawn_at",
            "rules_due",
        ],
    )
    gone = [one.gap_id for one in differences if one.should is None and one.gap_id is not None]
    Gap.objects.filter(pk__in=gone).update(withdrawn_at=at, changed_at=at, rules_due=False)
    keys = {(gap.order_id, gap.aspect): gap for gap in right}
    happenings = [
        Happening(
            kind=_kind(one),
            subject=keys.get((one.order_id, one.aspect)) or Gap(pk=one.gap_id),
            at=at,
            data={
                "order": one.order_id,
                "aspect": one.aspect,
                "before": _told(one.held if not one.withdrawn else None),
                "after": _told(one.should),
            },
        )
        for one in differences
    ]
    record_all(happenings)
    return happenings


def _as_it_should_be(one: Difference, at: datetime) -> Gap:
    if one.should is None or one.promise_id is None:
        raise AssertionError
    worse = one.held is None or one.withdrawn or one.should.severity > one.held.severity
    return Gap(
        order_id=one.order_id,
        aspect=one.aspect,
        promise_id=one.promise_id,
        expected_at=one.should.expected_at,
        actual_at=one.should.actual_at,
        days=one.should.days,
        severity=one.should.severity,
        detected_at=at,
        changed_at=at,
        withdrawn_at=None,
        rules_due=worse or one.rules_due,
    )


def _kind(one: Difference) -> str:
    """What happened to a gap: found, revived, withdrawn, grown worse, or corrected."""
    if one.held is None:
        return "gap.found"
    if one.should is None:
        return "gap.withdrawn"
    if one.withdrawn:
        return "gap.revived"
    same = (one.held.expected_at, one.held.actual_at) == (one.should.expected_at, one.should.actual_at)
    return "gap.worsened" if same and one.should.severity > one.held.severity else "gap.corrected"


def _told(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "expected_at": side.expected_at.isoformat(),
        "actual_at": side.actual_at.isoformat() if side.actual_at else None,
        "days": str(side.days),
        "severity": side.severity,
    }


@transaction.atomic
def correct(*, gap_id: int, cause: str, kind: str, actor: Actor, at: datetime) -> Gap:
    """Say what kind of gap it is and what caused it; an empty cause means that nobody knows.

    Raises:
        NotFound: there is no such gap.
        Invalid: no such kind or cause.
    """
    gap = Gap.objects.select_for_update(no_key=True, of=("self",)).filter(pk=gap_id).first()
    if gap is None:
        raise NotFound
    if kind not in GapKind.values or (cause and cause not in GapCause.values):
        raise Invalid(_("There is no such kind or cause."))
    before = {"kind": gap.kind, "cause": gap.cause}
    after = {"kind": kind, "cause": cause}
    if before == after:
        return gap
    gap.kind, gap.cause, gap.changed_at = kind, cause, at
    gap.save(update_fields=["kind", "cause", "changed_at"])
    record("gap.classified", gap, actor=actor, at=at, before=before, after=after)
    return gap


def due_for_rules(limit: int = LIMIT) -> list[tuple[int, datetime]]:
    """Gaps that the rules have not looked at as they are now, as (primary key, changed)."""
    rows = Gap.objects.filter(rules_due=True).order_by("pk").values_list("pk", "changed_at")
    return list(rows[:limit])


def rules_applied(*, gap_id: int, changed_at: datetime) -> None:
    """Note that the rules have looked at a gap, unless it has changed in the meantime."""
    Gap.objects.filter(pk=gap_id, changed_at=changed_at).update(rules_due=False)


@transaction.atomic
def skip_old(*, longest_days: int | None, at: datetime) -> int:
    """Leave out the gaps that are too old for every rule, such as those of an import; give their number.

    `longest_days` is how far the rule goes back that goes furthest; None where there is no rule.
    """
    due = Gap.objects.filter(rules_due=True)
    if longest_days is not None:
        due = due.filter(expected_at__lt=at - timedelta(days=longest_days))
    return due.update(rules_due=False)
