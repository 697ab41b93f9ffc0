"""Carrying out what is due: coupon, points and message of an occasion in one transaction.

A worker holds the members of what it carries out, so that the cap of one member is counted by one worker at a
time and nothing is carried out twice; members whom somebody else holds are left for the next pass.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from compensation.budgets import commands as budgets
from compensation.budgets.stops import Exhausted
from compensation.care import giving, occasions, rules, texts
from compensation.care.giving import CUT, Gift
from compensation.care.values import Known
from compensation.consents import queries as consents
from compensation.consents import rules as consent_rules
from compensation.coupons import rules as coupons
from compensation.coupons import terms
from compensation.models import (
    CareAct,
    CareRule,
    CareStatus,
    CareTerms,
    CouponTemplate,
    HeldReason,
    Member,
)
from compensation.notices.commands import Telling, notify_all
from compensation.segments import queries as segments
from compensation.tiers import benefits
from config.common import bulk
from config.common.errors import DomainError, Invalid
from config.common.events import Happening, record_all

log = logging.getLogger(__name__)

ASK_AGAIN, PATIENCE = timedelta(hours=1), timedelta(days=2)
"""How long to wait for a budget to be raised or a segment put right, and until when since the occasion."""
GIFTS_AT_ONCE = 500
"""In one transaction: it holds the budget that they are taken from, and agents wait for that."""
WRITTEN = (
    "status", "version", "reason", "detail", "due_at", "postponed", "decided_at", "is_sent", "coupon_grant",
    "points_grant",
)  # fmt: skip


@dataclass(slots=True)
class _Pass:
    """What one pass knows and has to write."""

    at: datetime
    known: Known
    cap: CareTerms
    heard: Counter[int]
    inside: dict[int | None, set[int] | None]
    """Members by segment; None of one that no longer makes sense."""
    choices: dict[int, dict[tuple[str, str], bool]]
    tellings: list[Telling] = field(default_factory=list)
    coupons: dict[int, CouponTemplate | None] = field(default_factory=dict)
    acts_of: Counter[int] = field(default_factory=Counter)
    alike: dict[tuple[int, int | None], list[Gift]] = field(default_factory=lambda: defaultdict(list))

    def allowed(self, act: CareAct) -> frozenset[str]:
        """The channels that the member allows for the rule's purpose."""
        return consent_rules.channels(
            act.rule.purpose,
            marketing=act.member.consent_marketing,
            choices=self.choices[act.member_id],
        )

    def coupon_of(self, rule: CareRule, member: Member) -> CouponTemplate | None:
        """The coupon that a rule gives a member."""
        if not rule.coupon_of_tier:
            return rule.coupon
        if member.tier_id not in self.coupons:
            self.coupons[member.tier_id] = benefits.of_tier(member.tier_id).birthday_coupon
        return self.coupons[member.tier_id]


@transaction.atomic
def act_due(*, at: datetime, limit: int = 500) -> int:
    """Decide on what is due of up to `limit` occasions' members; returns how many occasions were decided on.

    Two passes at once share the work. A pass that dies leaves everything as it was.
    """
    due = CareAct.objects.filter(status=CareStatus.WAITING, due_at__lte=at)
    first = set(due.order_by("due_at", "member").values_list("member", flat=True)[:limit])
    if not first:
        return 0
    held = (
        Member.objects.filter(pk__in=first)
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",), skip_locked=True)
        .select_related("tier")
    )
    members = {member.pk: member for member in held}
    acts = list(
        due.filter(member__in=members)
        .select_related("rule__segment", "rule__coupon")
        .order_by("due_at", "pk")
    )
    acts = _some(acts)
    for act in acts:
        act.member = members[act.member_id]
    if acts:
        _decide_all(acts, at)
    return len(acts)


def _some(acts: list[CareAct]) -> list[CareAct]:
    """The first of what is due, with no more gifts than a budget may be held for."""
    gifts = 0
    for number, act in enumerate(acts):
        rule = act.rule
        gifts += bool(rule.coupon_id or rule.coupon_of_tier or rule.points)
        if gifts > GIFTS_AT_ONCE:
            return acts[:number]
    return acts


def _decide_all(acts: Sequence[CareAct], at: datetime) -> None:
    cap = CareTerms.objects.first() or CareTerms()
    found = _Pass(
        at=at,
        known=Known(acts),
        cap=cap,
        heard=_heard({act.member_id for act in acts}, cap, at),
        inside=_inside(acts, at),
        choices=consents.choices_of({act.member_id for act in acts}),
        acts_of=Counter(act.member_id for act in acts),
    )
    for act in acts:
        _decide_or_hold(act, found)
    for alike in found.alike.values():
        for gift, failure in giving.give_alike(alike, at=at):
            _became(gift, failure, found)
    notify_all(found.tellings, at=at)
    bulk.update(CareAct, acts, WRITTEN)
    record_all(
        Happening(
            "care.done" if act.status == CareStatus.DONE else "care.held",
            act.member,
            at,
            None,
            {"rule": act.rule.code, "version": act.version, "occasion": act.key}
            | ({"reason": str(act.reason)} if act.reason else {"sent": act.is_sent}),
        )
        for act in acts
        if act.status != CareStatus.WAITING
    )


def _decide_or_hold(act: CareAct, found: _Pass) -> None:
    """Decide on an occasion; where that fails it is held back, and stops none of the others."""
    try:
        _decide(act, found)
    except CUT:
        raise
    except Exception as error:  # noqa: BLE001 - it is held back, and the others go on
        _failed(act, error, found.at)


def _decide(act: CareAct, found: _Pass) -> None:
    rule, at = act.rule, found.at
    act.version = rule.version
    inside = found.inside[rule.segment_id]
    if inside is None:
        _try_again_or_hold(act, HeldReason.SEGMENT, at, Invalid.code)
        return
    facts = rules.Facts(
        is_erased=act.member.erased_at is not None,
        is_over=found.known.is_over(act),
        is_inside=act.member_id in inside,
        allowed=found.allowed(act),
        heard=found.heard[act.member_id],
    )
    verdict = rules.decide(rule, facts, most=found.cap.most, at=at, zone=occasions.zone())
    if verdict.reason:
        _hold(act, verdict.reason, at)
    elif verdict.until:
        act.due_at, act.postponed = verdict.until, act.postponed + 1
    else:
        _carry_out(act, verdict.channel, found)


def _hold(act: CareAct, reason: HeldReason, at: datetime, detail: str = "") -> None:
    act.status, act.reason, act.detail, act.decided_at = CareStatus.HELD, reason, detail[:40], at


def _try_again_or_hold(act: CareAct, reason: HeldReason, at: datetime, detail: str) -> None:
    """Wait for somebody to put right what stops it, for some time."""
    if at < act.happened_at + PATIENCE:
        act.due_at, act.postponed = at + ASK_AGAIN, act.postponed + 1
    else:
        _hold(act, reason, at, detail)


def _failed(act: CareAct, error: Exception, at: datetime) -> None:
    log.error("care: occasion %s failed", act.pk, exc_info=error)
    act.coupon_grant = act.points_grant = None
    _hold(act, HeldReason.REFUSED, at, type(error).__name__)


def _carry_out(act: CareAct, channel: str | None, found: _Pass) -> None:
    template = found.coupon_of(act.rule, act.member)
    # said before anything is given: its texts may fail
    gift = Gift(act, template, _telling(act, template, channel, found))
    if template is None and not act.rule.points:
        _became(gift, None, found)
    elif found.acts_of[act.member_id] > 1 or (template is not None and act.rule.points):
        # what comes next for the member goes by it; both, or none of both
        _became(gift, giving.give_alone(gift, at=found.at), found)
    else:
        found.alike[act.rule_id, template.pk if template else None].append(gift)


def _became(gift: Gift, failure: Exception | None, found: _Pass) -> None:
    """Note that it was given, or what stopped it."""
    act, at = gift.act, found.at
    if failure is None:
        act.status, act.decided_at, act.is_sent = CareStatus.DONE, at, gift.telling.send
        if act.rule.is_capped and act.is_sent:
            found.heard[act.member_id] += 1
        found.tellings.append(gift.telling)
        return
    act.coupon_grant = act.points_grant = None
    if isinstance(failure, Exhausted):
        budgets.note_stop(failure, at=at)
        _try_again_or_hold(act, HeldReason.REFUSED, at, failure.code)
    elif isinstance(failure, DomainError):
        _hold(act, HeldReason.REFUSED, at, failure.code)
    else:
        _failed(act, failure, at)


def _telling(act: CareAct, template: CouponTemplate | None, channel: str | None, found: _Pass) -> Telling:
    rule = act.rule
    with translation.override(act.member.language):
        values = found.known.values(act) | gifts(template, rule.points, found.at)
        title, body = said(rule)
        return Telling(
            member=act.member,
            kind="care",
            key=f"care:{act.pk}",
            title=texts.fill(title, values) or _("A message for you"),
            body=texts.fill(body, values),
            path=found.known.path(act),
            send=channel is not None,
            purpose=rule.purpose,
            channel=channel or "",
        )


def said(rule: CareRule) -> tuple[str, str]:
    """The title and text of a rule in the language of the moment, as far as it has one."""
    if (get_language() or "").startswith("en") and rule.title_en:
        return rule.title_en, rule.body_en
    return rule.title, rule.body


def gifts(template: CouponTemplate | None, points: int | None, at: datetime) -> dict[str, str]:
    """The values of the variables for what is given."""
    if template is None:
        return {"points": str(points or "")}
    valid = coupons.validity(
        at,
        days=template.valid_days,
        after_days=template.starts_after_days,
        valid_from=template.valid_from,
        valid_until=template.valid_until,
    )
    last = coupons.last_day(valid.expires_at, occasions.zone()) if valid else None
    return {
        "coupon": str(template),
        "coupon_value": terms.worth(template, template.value_fen),
        "coupon_until": date_format(last, "DATE_FORMAT") if last else "",
        "points": str(points or ""),
    }


def _heard(member_ids: Iterable[int], cap: CareTerms, at: datetime) -> Counter[int]:
    """How many capped messages were sent to each member within the days of the cap."""
    rows = CareAct.objects.filter(
        member__in=list(member_ids),
        status=CareStatus.DONE,
        is_sent=True,
        rule__is_capped=True,
        decided_at__gt=at - timedelta(days=cap.days),
    )
    return Counter(dict(rows.order_by().values_list("member").annotate(number=Count("pk"))))


def _inside(acts: Iterable[CareAct], at: datetime) -> dict[int | None, set[int] | None]:
    """Which members are in the segments that are asked about, by segment; one query each.

    Of a segment that no longer makes sense nobody can say.
    """
    wanted: dict[int | None, set[int]] = defaultdict(set)
    by_id = {}
    for act in acts:
        wanted[act.rule.segment_id].add(act.member_id)
        by_id[act.rule.segment_id] = act.rule.segment
    found: dict[int | None, set[int] | None] = {}
    for pk, ids in wanted.items():
        try:
            found[pk] = segments.inside(by_id[pk], ids, at)
        except Invalid:
            log.exception("care: segment %s no longer makes sense", pk)
            found[pk] = None
    return found
