"""Automatic rules at work: on gaps that were found or grew worse, on cases that were opened.

Whatever runs twice, or at once with an agent: for one cause there is one live grant. What a rule may not or
cannot give goes to a person.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import translation

from compensation.grants.commands import AlreadyGranted
from compensation.models import GrantStatus, RuleTrigger, RuleVersion
from compensation.rules.matching import first, matches
from compensation.rules.queries import in_force
from config.common.errors import Busy, DomainError
from config.common.events import Position, position_of, read_since, record
from feedback.automatic import facts, leaving
from feedback.automatic.contents import AmountUnknown, as_tested, content_of, cost_of
from feedback.cases import commands as cases
from feedback.cases.locking import lock, survivor
from feedback.models import (
    Case,
    CaseKind,
    Channel,
    Department,
    Gap,
    Priority,
    Remedy,
    RuleProgress,
    TaskReason,
)
from feedback.remedies import telling
from feedback.remedies.contents import cause_of, pictures_of
from feedback.remedies.giving import give_by_rule, take_in

logger = logging.getLogger(__name__)
READ = 1_000
TRIES = 3


@dataclass(slots=True)
class Outcome:
    """What a pass did: cases opened, things given, left to a person, and steps that failed (in the log)."""

    opened: int = 0
    granted: int = 0
    left: int = 0
    failed: int = 0


def apply_to_gaps(*, gap_ids: Iterable[int], at: datetime) -> Outcome:
    """Apply the rules in force to some gaps, each gap on its own: what fails for one stops no other.

    The case is opened first and stays, whatever becomes of the grants.
    """
    outcome = Outcome()
    for gap_id in sorted(set(gap_ids)):
        outcome.opened += _guarded(outcome, partial(_open, gap_id, at), f"gap {gap_id}")
        _guarded(outcome, partial(_make_good, gap_id, at, outcome), f"gap {gap_id}")
    return outcome


def apply_to_case(*, case_id: int, at: datetime) -> Outcome:
    """Apply the rules in force to a case that was opened."""
    outcome = Outcome()
    if not _guarded(outcome, partial(_answer, case_id, at, outcome), f"case {case_id}") and outcome.failed:
        with transaction.atomic():
            case = lock(survivor(case_id))
            leaving.leave(
                key=f"failed:case:{case_id}",
                case=case,
                gap=None,
                version=None,
                reason=TaskReason.FAILED,
                at=at,
            )
    return outcome


def read_cases(*, at: datetime) -> bool:
    """Apply the rules to the cases that were opened since the last time; whether there may be more.

    Two passes at once look at the same cases, which does no harm.
    """
    progress, _is_new = RuleProgress.objects.get_or_create(pk=1)
    events = read_since(Position(progress.txid, progress.event_id), READ)
    if not events:
        return False
    if in_force(RuleTrigger.CASE).exists():
        for event in events:
            if event.kind == "case.opened":
                apply_to_case(case_id=event.subject_id, at=at)
    last = position_of(events[-1])
    RuleProgress.objects.filter(pk=1, txid=progress.txid, event_id=progress.event_id).update(
        txid=last.txid, event_id=last.id
    )
    return len(events) == READ


def longest_days() -> int | None:
    """How far the rule for gaps goes back that goes furthest; None where there is none."""
    return max(in_force(RuleTrigger.GAP).values_list("within_days", flat=True), default=None)


def rule_for_gap(gap: Gap, at: datetime) -> RuleVersion | None:
    """The version that acts on a gap: of those in force the first that matches."""
    if gap.withdrawn_at is not None or gap.member.erased_at is not None:
        return None
    return first(in_force(RuleTrigger.GAP), facts.of_gap(gap), at)


def rule_for_case(case: Case, at: datetime) -> RuleVersion | None:
    """The version that acts on a case; what takes long is only found out where the rest matches."""
    versions = list(in_force(RuleTrigger.CASE))
    quick = facts.of_case(case, full=False)
    if not any(matches(rough(version), quick, at) for version in versions):
        return None
    return first(versions, facts.of_case(case), at)


def rough(version: RuleVersion) -> RuleVersion:
    """A version that asks neither for a problem nor for pictures, to look at first."""
    one = RuleVersion()
    one.__dict__ |= version.__dict__ | {"problems": [], "pictures_from": 0}
    return one


def _guarded(outcome: Outcome, step: Callable[[], bool], what: str) -> bool:
    """Do one step, whole or not at all; again where somebody gave the gap a case in this very moment."""
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                return step()
        except Exception as error:
            if isinstance(error, Busy) and tries_left:
                continue
            outcome.failed += 1
            logger.exception("the rules for %s failed", what)
            break
    return False


def _hold(gap_id: int) -> tuple[Gap, Case | None]:
    """Hold the case of a gap, then the gap."""
    case_id = Gap.objects.values_list("case", flat=True).get(pk=gap_id)
    case = lock(survivor(case_id)) if case_id is not None else None
    gap = (
        Gap.objects.select_for_update(no_key=True, of=("self",))
        .select_related("order", "member__tier")
        .get(pk=gap_id)
    )
    if gap.case_id != case_id:
        raise Busy  # somebody gave it a case while we waited
    return gap, case


def _open(gap_id: int, at: datetime) -> bool:
    """Open the case that the rule wants."""
    gap, _case = _hold(gap_id)
    version = rule_for_gap(gap, at) if gap.case_id is None else None
    if version is None or not version.opens_case:
        return False
    member = gap.member
    with translation.override(member.language):
        subject, body = telling.gap_title(gap), telling.gap_body(gap)
    gap.case = cases.open_case(
        member=member,
        kind=CaseKind.COMPLAINT,
        channel=Channel.GAP,
        subject=subject,
        body=body,
        department=Department.objects.get(code=version.department),
        order=gap.order,
        priority=Priority(version.priority),
        key=f"gap:{gap.pk}",
        actor=None,
        at=at,
    )
    gap.save(update_fields=["case"])
    take_in(gap, gap.case, at=at)
    record("gap.case_opened", gap, actor=None, at=at, case=gap.case.pk, rule=version.pk)
    return True


def _make_good(gap_id: int, at: datetime, outcome: Outcome) -> bool:
    """Give for a gap what the rule gives, each thing whole or left to a person."""
    gap, case = _hold(gap_id)
    version = rule_for_gap(gap, at)
    given = Remedy.objects.filter(gap=gap)
    if version is None or given.exclude(case=None, grant__rule=version).exists():
        return False  # without a case, the rule itself may have given a part and been stopped
    return _give_all(version, cause=f"gap:{gap.pk}", gap=gap, case=case, at=at, outcome=outcome)


def _answer(case_id: int, at: datetime, outcome: Outcome) -> bool:
    """Give for a case what the rule gives."""
    case = lock(survivor(case_id))
    if case.channel == Channel.GAP or case.member.erased_at is not None or case.resolved_at is not None:
        return False
    version = rule_for_case(case, at)
    if version is None:
        return False
    return _give_all(version, cause=f"case:{case.pk}", gap=None, case=case, at=at, outcome=outcome)


def _give_all(
    version: RuleVersion, *, cause: str, gap: Gap | None, case: Case | None, at: datetime, outcome: Outcome
) -> bool:
    done = Outcome()
    gives = list(version.gives.all())
    if version.asks_person and case is not None:
        task = leaving.leave(key=cause, case=case, gap=gap, version=version, reason=TaskReason.CHOOSE, at=at)
        outcome.left += task is not None
        return task is not None
    for place, one in enumerate(gives):
        key = cause if place == 0 else f"{cause}:{one.template.code if one.template else one.kind}"
        reason, text = TaskReason.REFUSED, ""
        try:
            with transaction.atomic():
                order = gap.order if gap else case.order if case else None
                member = gap.member_id if gap else case.member_id  # type: ignore[union-attr]  # one is there
                tested = as_tested(one, version, member_id=member, at=at)
                content = content_of(tested, order)
                grant = give_by_rule(
                    version=version,
                    content=content,
                    key=key if gap else f"rule:{key}",
                    cause=key if gap or case is None else cause_of(case, content),
                    gap=gap,
                    case=case,
                    cost_fen=cost_of(tested, order),
                    pictures=pictures_of(case) if case else 0,
                    at=at,
                )
        except AlreadyGranted:  # an agent was faster
            continue
        except AmountUnknown:
            reason = TaskReason.AMOUNT
        except DomainError as error:
            text = str(error)
        else:
            waits = grant.status == GrantStatus.REQUESTED
            done.granted += not waits
            done.left += waits
            continue
        if case is None:  # nobody would see it: they are told by letter; what was refused is tried again
            outcome.failed += reason == TaskReason.REFUSED
            telling.tell_stopped(version, text or str(TaskReason(reason).label), at=at)
            continue
        task = leaving.leave(
            key=key, case=case, gap=gap, version=version, give=one, reason=reason, text=text, at=at
        )
        done.left += task is not None
    outcome.granted += done.granted
    outcome.left += done.left
    return bool(done.granted or done.left)
