"""The end of a tier's period: kept by spending, or lost, and never without a warning before."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from compensation.models import Member, Tier, TierPeriod, TierReason, TierRule
from compensation.notices.commands import Telling, notify_all
from compensation.tiers import moving
from compensation.tiers.moving import Change
from config.common.events import Happening, record_all
from config.common.money import display


@transaction.atomic
def review_due(*, at: datetime, limit: int = 500) -> int:
    """Decide on tier periods whose end has come, by the spending of the window before; gives how many.

    Who still reaches the tier keeps it for another period, the others come into the tier that they reach,
    and so does everybody whose tier was set by hand. Who would lose a tier unwarned, as when an order came
    back on the last day, is warned now and keeps it for as long as warnings come before the end; a tier set
    by hand ends when it was to end. Two passes at once share the work.
    """
    due = _lock_members(_due(at).values_list("member", flat=True)[:limit])
    periods = list(_due(at).filter(member__in=due).select_related("tier", "member").order_by("member"))
    if not periods:
        return 0
    rule, tiers = moving.rule(), list(Tier.objects.order_by("rank"))
    spent = moving.spending(dict.fromkeys(due, at - timedelta(days=rule.window_days)), until=at)
    kept, unwarned, changes = [], [], []
    for period in periods:
        tier, by_hand = moving.reached(spent[period.member_id], tiers), period.reason == TierReason.MANUAL
        if not by_hand and tier.rank >= period.tier.rank:
            period.review_at, period.noticed_at = moving.kept_until(period.tier, rule, at), None
            kept.append(period)
        elif not by_hand and period.noticed_at is None and rule.notice_days:
            period.review_at, period.noticed_at = at + timedelta(days=rule.notice_days), at
            unwarned.append(period)
        else:
            until = moving.kept_until(tier, rule, at)
            changes.append(Change(period.member_id, period.tier.code, tier, until))
    TierPeriod.objects.bulk_update([*kept, *unwarned], ["review_at", "noticed_at"])
    record_all(Happening("tier.kept", period.member, at, None, {"tier": period.tier.code}) for period in kept)
    _warn(unwarned, rule, at)
    moving.change(changes, reason=TierReason.REVIEW, actor=None, at=at)
    _tell_changed(periods, changes, at)
    return len(periods)


def warn_due(*, at: datetime, limit: int = 500) -> int:
    """Warn members in time whose spending will not keep their tier, each once for an end; gives how many.

    Counted is what will still be within the window at the period's end. Who is not warned is looked at again:
    an order may come back.
    """
    warned, after = 0, 0
    while (step := _warn_some(at, after, limit)) is not None:
        after, number = step
        warned += number
    return warned


@transaction.atomic
def _warn_some(at: datetime, after: int, limit: int) -> tuple[int, int] | None:
    """Look at the next members; gives the last of them and how many were warned, None at the end."""
    rule = moving.rule()
    soon = _open().filter(
        review_at__gt=at, review_at__lte=at + timedelta(days=rule.notice_days), noticed_at=None
    )
    looked = list(soon.filter(member__gt=after).order_by("member").values_list("member", flat=True)[:limit])
    if not looked:
        return None
    due = _lock_members(looked)
    periods = list(soon.filter(member__in=due).select_related("tier", "member").order_by("member"))
    warned = _warn(periods, rule, at)
    TierPeriod.objects.filter(pk__in=[period.pk for period in warned]).update(noticed_at=at)
    return looked[-1], len(warned)


def _warn(periods: Sequence[TierPeriod], rule: TierRule, at: datetime) -> list[TierPeriod]:
    """Tell those whose spending will not keep their tier; gives their periods."""
    window = timedelta(days=rule.window_days)
    ends = {period.member_id: period.review_at or at for period in periods}
    spent = moving.spending({member: end - window for member, end in ends.items()}, until=at)
    short = [period for period in periods if spent[period.member_id] <= period.tier.above_fen]
    notify_all(
        [
            _warning(period, ends[period.member_id], period.tier.above_fen + 1 - spent[period.member_id])
            for period in short
        ],
        at=at,
    )
    return short


def _open() -> QuerySet[TierPeriod]:
    return TierPeriod.objects.filter(ends_at=None, review_at__isnull=False, member__erased_at=None)


def _due(at: datetime) -> QuerySet[TierPeriod]:
    return _open().filter(review_at__lte=at).order_by("review_at", "member")


def _lock_members(ids: Iterable[int]) -> list[int]:
    """Lock those members that nobody else holds, in primary-key order."""
    rows = Member.objects.filter(pk__in=list(ids)).order_by("pk")
    locked = rows.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return list(locked.values_list("pk", flat=True))


def _tell_changed(periods: Sequence[TierPeriod], changes: Sequence[Change], at: datetime) -> None:
    by_member = {period.member_id: period for period in periods}
    tellings = []
    for change in changes:
        period = by_member[change.member_id]
        if change.tier.pk == period.tier_id:
            continue
        with translation.override(period.member.language):
            tellings.append(
                Telling(
                    member=period.member,
                    kind="tier.changed",
                    key=f"tier:{period.pk}:ended",
                    title=_("You are now %(tier)s") % {"tier": change.tier},
                    body=_("Your time as %(before)s has ended.") % {"before": period.tier},
                    path="/portal/wallet/",
                )
            )
    notify_all(tellings, at=at)


def _warning(period: TierPeriod, ends: datetime, missing_fen: int) -> Telling:
    with translation.override(period.member.language):
        day = date_format(localtime(ends), "DATE_FORMAT")
        return Telling(
            member=period.member,
            kind="tier.ending",
            key=f"tier:{period.pk}:{ends:%Y%m%d}",
            title=_("Keep your %(tier)s") % {"tier": period.tier},
            body=_("Orders of %(amount)s by %(day)s keep you %(tier)s for another period.")
            % {"amount": display(missing_fen), "day": day, "tier": period.tier},
            path="/portal/wallet/",
        )
