"""Using caps: counts that are locked before they are looked at, and hold by constraint."""

from collections.abc import Collection, Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from compensation.budgets.rules import fits, window
from compensation.budgets.stops import CapReached
from compensation.models import Cap, CapCount, CapScope, CapUse, Grant
from config.common.errors import Invalid
from config.common.events import Actor, record

ZONE = ZoneInfo(settings.TIME_ZONE)


def of_grant(grant: Grant, rule_code: str) -> dict[Cap, str]:
    """The caps that hold for a grant, each with whose it is, in the order in which they are locked."""
    whose = {CapScope.MEMBER: f"member:{grant.member_id}"}
    if grant.requested_by_id is not None:
        whose[CapScope.AGENT] = f"agent:{grant.requested_by_id}"
    if rule_code:
        whose[CapScope.RULE] = f"rule:{rule_code}"
    caps = Cap.objects.filter(
        Q(kind="") | Q(kind=grant.kind),
        Q(rule_code="") | Q(rule_code=rule_code),
        is_active=True,
        scope__in=list(whose),
    ).order_by("pk")
    return {cap: whose[CapScope(cap.scope)] for cap in caps}


def take(grant: Grant, *, rule_code: str, at: datetime, may_pass: bool) -> None:
    """Count a grant towards all its caps, or towards none. The caller holds the grant.

    With `may_pass`, an approver knows of the cap and gives beyond it; that is counted by itself.

    Raises:
        CapReached: one of them has not so much left.
    """
    wanted = of_grant(grant, rule_code)
    if not wanted:
        return
    counts = _lock(wanted, at)
    beyond = {count.pk: _stop(cap, count, grant) for cap, count in counts.items()}
    stop = next(filter(None, beyond.values()), None)
    if stop is not None and not may_pass:
        raise stop
    for cap, count in counts.items():
        kind = "used" if beyond[count.pk] is None else "passed"
        CapCount.objects.filter(pk=count.pk).update(
            limit_fen=_at_least(cap.limit_fen, "used_fen"),
            limit_count=_at_least(cap.limit_count, "used_count"),
        )
        CapCount.objects.filter(pk=count.pk).update(**_plus(kind, grant.cost_fen, 1))
    CapUse.objects.bulk_create(
        CapUse(count=count, grant=grant, fen=grant.cost_fen, is_beyond=beyond[count.pk] is not None)
        for count in counts.values()
    )


Held = dict[Cap, dict[int, CapCount]]


def hold_members(*, kind: str, member_ids: Collection[int], at: datetime) -> Held:
    """Lock the counts of the caps that hold for what nobody asked for and each of some members is given.

    By cap and member. The caller holds the members, and writes with `take_held` what it gives.
    """
    caps = list(
        Cap.objects.filter(
            Q(kind="") | Q(kind=kind), scope=CapScope.MEMBER, rule_code="", is_active=True
        ).order_by("pk")
    )
    if not caps:
        return {}
    spans = {cap.pk: window(cap.period, cap.days, at, ZONE) for cap in caps}
    names = {f"member:{pk}": pk for pk in member_ids}
    CapCount.objects.bulk_create(
        (
            CapCount(
                cap=cap,
                whose=whose,
                starts_at=spans[cap.pk].starts_at,
                ends_at=spans[cap.pk].ends_at,
                limit_fen=cap.limit_fen,
                limit_count=cap.limit_count,
            )
            for cap in caps
            for whose in sorted(names)
        ),
        ignore_conflicts=True,
    )
    these = Q(pk__in=[])
    for cap in caps:
        these |= Q(cap=cap, whose__in=list(names), starts_at=spans[cap.pk].starts_at)
    by_cap: dict[int, dict[int, CapCount]] = {cap.pk: {} for cap in caps}
    for count in CapCount.objects.select_for_update(no_key=True).filter(these).order_by("cap", "whose"):
        by_cap[count.cap_id][names[count.whose]] = count
    return {cap: by_cap[cap.pk] for cap in _as_they_are(caps)}


def stop_of(held: Held, *, member_id: int, fen: int) -> CapReached | None:
    """Why a member is given nothing that costs so much, or nothing; see `hold_members`."""
    grant = Grant(cost_fen=fen)
    return next(filter(None, (_stop(cap, counts[member_id], grant) for cap, counts in held.items())), None)


def take_held(held: Held, grants: Collection[Grant]) -> None:
    """Count grants, one for a member, towards caps that `hold_members` holds and `stop_of` let through."""
    for cap, counts in held.items():
        wanted = {counts[grant.member_id].pk: grant for grant in grants}
        fen = next((grant.cost_fen for grant in grants), 0)
        CapCount.objects.filter(pk__in=wanted).update(
            limit_fen=_at_least(cap.limit_fen, "used_fen"),
            limit_count=_at_least(cap.limit_count, "used_count"),
        )
        CapCount.objects.filter(pk__in=wanted).update(**_plus("used", fen, 1))
        CapUse.objects.bulk_create(
            CapUse(count_id=pk, grant=grant, fen=grant.cost_fen) for pk, grant in wanted.items()
        )


def release(grant: Grant, *, at: datetime) -> None:
    """Give back what a grant took of its caps; again changes nothing. The caller holds the grant."""
    uses = list(
        CapUse.objects.select_related("count")
        .filter(grant=grant, released_at=None)
        .order_by("count__cap", "pk")
    )
    for use in uses:
        kind = "passed" if use.is_beyond else "used"
        CapCount.objects.filter(pk=use.count_id).update(**_plus(kind, -use.fen, -1))
    CapUse.objects.filter(pk__in=[use.pk for use in uses]).update(released_at=at)


def take_again(grant: Grant) -> None:
    """Count a grant again towards the caps that it was given back to; again changes nothing.

    It was decided on before: what no longer fits in is counted by itself, as when an approver passes a cap.
    The caller holds the grant.
    """
    uses = list(CapUse.objects.filter(grant=grant).exclude(released_at=None).order_by("count__cap", "pk"))
    for use in uses:
        count = CapCount.objects.select_for_update(no_key=True, of=("self",)).get(pk=use.count_id)
        cap = Cap.objects.get(pk=count.cap_id)
        use.is_beyond, use.released_at = _stop(cap, count, grant) is not None, None
        kind = "passed" if use.is_beyond else "used"
        CapCount.objects.filter(pk=count.pk).update(
            limit_fen=_at_least(cap.limit_fen, "used_fen"),
            limit_count=_at_least(cap.limit_count, "used_count"),
        )
        CapCount.objects.filter(pk=count.pk).update(**_plus(kind, use.fen, 1))
        use.save(update_fields=["is_beyond", "released_at"])


@transaction.atomic
def save_cap(*, cap: Cap, actor: Actor, at: datetime) -> Cap:
    """Keep a cap; it holds at once, also for periods that run. What was given before stays.

    Raises:
        Invalid: see `check`.
    """
    check(cap)
    cap.save()
    CapCount.objects.filter(cap=cap, ends_at__gt=at).update(
        limit_fen=_at_least(cap.limit_fen, "used_fen"), limit_count=_at_least(cap.limit_count, "used_count")
    )
    record(
        "cap.saved",
        cap,
        actor=actor,
        at=at,
        scope=cap.scope,
        rule=cap.rule_code,
        period=cap.period,
        days=cap.days,
        limit_fen=cap.limit_fen,
        limit_count=cap.limit_count,
        is_active=cap.is_active,
    )
    return cap


def check(cap: Cap) -> None:
    """Refuse a cap that makes no sense.

    Raises:
        Invalid: it limits nothing, its days do not fit its period, or it names a rule for others.
    """
    if cap.limit_fen is None and cap.limit_count is None:
        raise Invalid(_("Say how much, or how often."), field="limit_fen")
    if (cap.period == "days") != bool(cap.days):
        raise Invalid(_("Say how many days, where it is not a day, a week or a month."), field="days")
    if cap.rule_code and cap.scope != CapScope.RULE:
        raise Invalid(_("Only a cap for rules names a rule."), field="rule_code")


def _lock(wanted: dict[Cap, str], at: datetime) -> dict[Cap, CapCount]:
    """The counts of caps in the periods that run, made where they are missing, each held."""
    spans = {cap: window(cap.period, cap.days, at, ZONE) for cap in wanted}
    CapCount.objects.bulk_create(
        (
            CapCount(
                cap=cap,
                whose=whose,
                starts_at=spans[cap].starts_at,
                ends_at=spans[cap].ends_at,
                limit_fen=cap.limit_fen,
                limit_count=cap.limit_count,
            )
            for cap, whose in wanted.items()
        ),
        ignore_conflicts=True,
    )
    these = Q(pk__in=[])
    for cap, whose in wanted.items():
        these |= Q(cap=cap, whose=whose, starts_at=spans[cap].starts_at)
    held = {
        count.cap_id: count
        for count in CapCount.objects.select_for_update(no_key=True).filter(these).order_by("cap")
    }
    return {cap: held[cap.pk] for cap in _as_they_are(wanted)}


def _as_they_are(caps: Iterable[Cap]) -> list[Cap]:
    """The caps as they are now that the counts are held: an edit after this comes after the grant."""
    return list(Cap.objects.filter(pk__in=[cap.pk for cap in caps]).order_by("pk"))


def _stop(cap: Cap, count: CapCount, grant: Grant) -> CapReached | None:
    """Why a grant does not fit in, or nothing. What was approved beyond the cap counts too."""
    fen, times = count.used_fen + count.passed_fen, count.used_count + count.passed_count
    by_count = not fits(times, 1, cap.limit_count)
    if not by_count and fits(fen, grant.cost_fen, cap.limit_fen):
        return None
    return CapReached(
        cap=cap.pk,
        scope=cap.scope,
        used_fen=fen,
        used_count=times,
        limit_fen=None if by_count else cap.limit_fen,
        limit_count=cap.limit_count if by_count else None,
        until=count.ends_at.isoformat(),
    )


def _at_least(limit: int | None, used: str) -> Greatest | None:
    return None if limit is None else Greatest(limit, F(used))


def _plus(kind: str, fen: int, times: int) -> dict[str, F]:
    return {f"{kind}_fen": F(f"{kind}_fen") + fen, f"{kind}_count": F(f"{kind}_count") + times}  # type: ignore[dict-item]  # expressions
