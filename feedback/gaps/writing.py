"""Writing gaps: each brought to what it should be, with its event, whatever it is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from config.common import bulk
from config.common.events import Happening, record_all
from feedback.models import Channel, Gap, GapKind, Overturned, OverturnedState

CHANGING = (
    "promise", "case", "expected_at", "actual_at", "days", "expected", "actual", "severity", "changed_at",
    "withdrawn_at", "dismissed_at", "rules_due",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """A gap as it is, or as it should be."""

    expected_at: datetime
    actual_at: datetime | None
    days: Decimal | None
    severity: int
    expected: Decimal | None = None
    actual: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A gap that is not as the facts say: `held` is how it is, `should` how it should be."""

    aspect: str
    should: Side | None
    gap_id: int | None
    held: Side | None
    withdrawn: bool
    rules_due: bool
    order_id: int | None = None
    member_id: int | None = None
    promise_id: int | None = None
    about: str = ""
    review_id: int | None = None
    clock_id: int | None = None
    case_id: int | None = None
    kind: GapKind = GapKind.SERVICE


def write(found: Iterable[Difference], at: datetime) -> list[Happening]:
    """Correct the gaps that differ, each with its event. What rested on one that goes is noted for people.

    Call with what lets one search wait for another held: two must not find the same gap at once.
    """
    differences = list(found)
    right = [(one, _as_it_should_be(one, at)) for one in differences if one.should]
    Gap.objects.bulk_create([gap for one, gap in right if one.gap_id is None])
    bulk.update(Gap, [gap for one, gap in right if one.gap_id is not None], CHANGING)
    gone = [one.gap_id for one in differences if one.should is None and one.gap_id is not None]
    Gap.objects.filter(pk__in=gone).update(withdrawn_at=at, changed_at=at, rules_due=False)
    overturn(gone, at)
    _bear_out([one.gap_id for one, _gap in right if one.withdrawn and one.gap_id is not None], at)
    made = {id(one): gap for one, gap in right}
    happenings = [
        Happening(
            kind=_kind(one),
            subject=made.get(id(one)) or Gap(pk=one.gap_id),
            at=at,
            data={
                "order": one.order_id,
                "aspect": one.aspect,
                **({"about": one.about} if one.about else {}),
                "before": _told(one.held if not one.withdrawn else None),
                "after": _told(one.should),
            },
        )
        for one in differences
    ]
    record_all(happenings)
    return happenings


def overturn(gap_ids: list[int], at: datetime, why: str = "") -> None:
    """Note for a supervisor what rested on gaps that turned out to be none: a case, or something given.

    A case rests on its gap if it was opened for it: that of a review, or of a clock, was there before.
    """
    if not gap_ids:
        return
    rested = Gap.objects.filter(Q(case__channel=Channel.GAP) | Q(remedies__isnull=False), pk__in=gap_ids)
    Overturned.objects.bulk_create(
        [
            Overturned(gap_id=gap_id, case_id=case_id, why=why, at=at)
            for gap_id, case_id in rested.order_by("pk").values_list("pk", "case").distinct()
        ],
        ignore_conflicts=True,  # it was noted before and nobody has looked yet
    )


def _bear_out(gap_ids: list[int], at: datetime) -> None:
    """What was to be looked at because a gap was none, need not be any more: it is one after all."""
    if gap_ids:
        Overturned.objects.filter(gap__in=gap_ids, state=OverturnedState.OPEN).update(
            state=OverturnedState.STANDS, decided_at=at
        )


def _as_it_should_be(one: Difference, at: datetime) -> Gap:
    if one.should is None or one.member_id is None:
        raise AssertionError
    worse = one.held is None or one.withdrawn or one.should.severity > one.held.severity
    return Gap(
        pk=one.gap_id,
        member_id=one.member_id,
        order_id=one.order_id,
        aspect=one.aspect,
        about=one.about,
        kind=one.kind,
        promise_id=one.promise_id,
        review_id=one.review_id,
        clock_id=one.clock_id,
        case_id=one.case_id,
        expected_at=one.should.expected_at,
        actual_at=one.should.actual_at,
        days=one.should.days,
        expected=one.should.expected,
        actual=one.should.actual,
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
    same = (one.held.expected_at, one.held.actual_at, one.held.expected, one.held.actual) == (
        one.should.expected_at,
        one.should.actual_at,
        one.should.expected,
        one.should.actual,
    )
    return "gap.worsened" if same and one.should.severity > one.held.severity else "gap.corrected"


def _told(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    told: dict[str, Any] = {
        "expected_at": side.expected_at.isoformat(),
        "actual_at": side.actual_at.isoformat() if side.actual_at else None,
        "severity": side.severity,
    }
    if side.days is not None:
        told["days"] = str(side.days)
    if side.expected is not None:
        told |= {"expected": str(side.expected), "actual": str(side.actual)}
    return told
