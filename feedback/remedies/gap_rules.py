"""What follows from a gap by rule: a case is opened, a coupon is given, the member is told."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation

from compensation.grants import commands as grants
from compensation.grants.commands import Content
from compensation.models import GrantKind
from config.common.events import record
from feedback.cases import commands as cases
from feedback.models import CaseKind, Channel, Gap, GapRule, Priority, Remedy
from feedback.remedies import telling
from feedback.remedies.queries import problem_of

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """What a pass did: cases opened, coupons given, and steps that failed and are in the log."""

    opened: int = 0
    granted: int = 0
    failed: int = 0


def apply_gap_rules(*, gap_ids: Iterable[int], at: datetime) -> Outcome:
    """Apply the rules in force to some gaps, each gap on its own: what fails for one stops no other.

    Whatever runs twice, a gap opens one case and gives one coupon.
    """
    outcome = Outcome()
    for gap_id in sorted(set(gap_ids)):
        outcome.opened += _guarded(outcome, _open, gap_id, at)
        outcome.granted += _guarded(outcome, _give, gap_id, at)
    return outcome


def rule_for(gap: Gap, at: datetime) -> GapRule | None:
    """The rule of the highest severity that the gap reaches, if the promise is recent enough for it."""
    rule = (
        GapRule.objects.filter(aspect=gap.aspect, severity__lte=gap.severity, is_active=True)
        .select_related("department", "coupon")
        .order_by("-severity")
        .first()
    )
    if rule is None or gap.withdrawn_at is not None or gap.order.member.erased_at is not None:
        return None
    return rule if at - gap.expected_at <= timedelta(days=rule.within_days) else None


Step = Callable[[Gap, GapRule, datetime], bool]


def _guarded(outcome: Outcome, step: Step, gap_id: int, at: datetime) -> bool:
    try:
        with transaction.atomic():
            gap = (
                Gap.objects.select_for_update(no_key=True, of=("self",))
                .select_related("order__member", "case")
                .get(pk=gap_id)
            )
            rule = rule_for(gap, at)
            return rule is not None and step(gap, rule, at)
    except grants.AlreadyGranted:  # an agent was faster
        return False
    except Exception:
        outcome.failed += 1
        logger.exception("the rule for gap %s failed", gap_id)
        return False


def _open(gap: Gap, rule: GapRule, at: datetime) -> bool:
    if not rule.opens_case or gap.case_id is not None:
        return False
    member = gap.order.member
    with translation.override(member.language):
        subject, body = telling.gap_title(gap), telling.gap_body(gap)
    gap.case = cases.open_case(
        member=member,
        kind=CaseKind.COMPLAINT,
        channel=Channel.GAP,
        subject=subject,
        body=body,
        department=rule.department,
        order=gap.order,
        priority=Priority(rule.priority),
        key=f"gap:{gap.pk}",
        actor=None,
        at=at,
    )
    gap.save(update_fields=["case"])
    record("gap.case_opened", gap, actor=None, at=at, case=gap.case.pk, rule=rule.pk)
    return True


def _give(gap: Gap, rule: GapRule, at: datetime) -> bool:
    if rule.coupon is None or Remedy.objects.filter(gap=gap).exists():
        return False
    grant = grants.request(
        key=f"gap:{gap.pk}",
        cause=f"gap:{gap.pk}",
        problem=problem_of(gap.case) if gap.case else "",
        member=gap.order.member,
        content=Content(kind=GrantKind.COUPON, template=rule.coupon),
        reason=f"{rule} · {gap.order.external_id}",
        reason_code="gap",
        department=rule.department.code if rule.department else "",
        order=gap.order,
        actor=None,
        at=at,
    )
    Remedy.objects.create(grant=grant, gap=gap, case=gap.case)
    for subject in filter(None, (gap, gap.case)):
        record(
            "remedy.granted",
            subject,
            actor=None,
            at=at,
            grant=grant.pk,
            what=grant.kind,
            template=rule.coupon.code,
            points=None,
            cost_fen=grant.cost_fen,
        )
    telling.tell_given(grant, at=at, gap=gap)
    return True
