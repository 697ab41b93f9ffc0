"""Finding gaps, keeping them true, and what people say about their causes."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.orders import queries as orders
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import Actor, record
from feedback.gaps import looking, pricing, promising, quality, search, service
from feedback.gaps.writing import overturn, write
from feedback.models import Aspect, Gap, GapCause, GapKind, GapProgress, GapThreshold

AT_ONCE = 2_000
LIMIT = 20_000
LONGEST = 400


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
    whose time has passed, gaps that have grown worse by waiting, orders that claims changed for; at most
    `limit` of each, and `more` says whether there are more. Searches wait for one another. A search never
    takes for now what is earlier than an earlier search did, so that no promise falls due between the two.
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
    of_claims = promising.are_there()
    ids = sorted(wanted)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        search.make_promises(some, now)
        if of_claims:
            promising.make_promises(some, now)
        found = search.differences(some, now)
        if of_claims:
            found += pricing.differences(some)
        happenings = write(found, now)
        counts.update(happening.kind for happening in happenings)
        gap_ids += [happening.subject.pk for happening in happenings]
    return Found(counts, gap_ids, more)


@transaction.atomic
def save_threshold(*, threshold: GapThreshold, actor: Actor, at: datetime) -> GapThreshold:
    """Keep the thresholds of an aspect; all its gaps are graded anew by the next searches."""
    threshold.save()
    match threshold.aspect:
        case Aspect.QUALITY:
            quality.compare_anew()
        case Aspect.SERVICE:
            service.compare_anew()
        case _:
            search_anew()
    record(
        "gap_threshold.saved",
        threshold,
        actor=actor,
        at=at,
        aspect=threshold.aspect,
        slight=str(threshold.slight),
        moderate=str(threshold.moderate),
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
    others, more = looking.next_orders(limit)
    wanted = {row[1] for row in changed} | {row[2] for row in due} | set(worse) | others
    return wanted, more or limit in {len(changed), len(due), len(worse)}


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


@transaction.atomic
def dismiss(*, gap_id: int, why: str, actor: Actor, at: datetime) -> Gap:
    """Say that it is no gap, though the facts say so. Other facts about it bring it back.

    Raises:
        NotFound: there is no such gap.
        Invalid: no reason, or too long a one.
        WrongState: it is withdrawn.
    """
    why = why.strip().replace("\0", "")
    if not why or len(why) > LONGEST:
        raise Invalid(_("Say why, in at most %(limit)s characters.") % {"limit": LONGEST})
    gap = Gap.objects.select_for_update(no_key=True, of=("self",)).filter(pk=gap_id).first()
    if gap is None:
        raise NotFound
    if gap.withdrawn_at is not None:
        raise WrongState(_("This gap is withdrawn already."))
    gap.withdrawn_at = gap.dismissed_at = gap.changed_at = at
    gap.rules_due, gap.dismissed_why = False, why
    gap.save(update_fields=["withdrawn_at", "dismissed_at", "dismissed_why", "changed_at", "rules_due"])
    overturn([gap.pk], at, why)
    record("gap.dismissed", gap, actor=actor, at=at)
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
