"""The monthly proposal of members to talk to."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from compensation.consents import rules as consents
from compensation.consents.queries import choices_of
from compensation.models import Member, MemberFigures, Purpose
from compensation.segments import queries as segments
from config.common.events import Actor, record
from feedback.models import Case, CaseKind, CrisisCase, CrisisStatus
from surveys.interviews import rules
from surveys.interviews.rules import Candidate
from surveys.models import (
    Answer,
    Interview,
    InterviewQuota,
    InterviewState,
    InterviewTerms,
    QuestionKind,
)
from surveys.responses.queries import IS_BAD

DETRACTOR = 6
"""Of ten: who answers so, or lower, is called a detractor (Reichheld 2003)."""
SPENDERS = 500
"""So many of those who spend most are looked at, whatever else they did."""


def terms() -> InterviewTerms:
    """The terms in force, locked until the transaction ends, so that two proposals wait for each other."""
    InterviewTerms.objects.get_or_create(pk=1)
    return InterviewTerms.objects.select_for_update().get(pk=1)


@transaction.atomic
def propose(*, month: date, actor: Actor, at: datetime, most: int | None = None) -> list[Interview]:
    """Propose members for a month, as many as are missing; again proposes nobody else.

    Whom somebody dropped in this month is not proposed again. `most` asks for no more than that.
    """
    month, held = rules.first_of(month), terms()
    here = Interview.objects.filter(month=month).exclude(state=InterviewState.DROPPED).count()
    wanted = max(held.most - here, 0) if most is None else min(most, max(held.most - here, 0))
    if not wanted:
        return []
    quotas = list(InterviewQuota.objects.select_related("segment"))
    left = {one.pk: one.most for one in quotas}
    taken = _taken(month, quotas)
    left = {pk: max(number - taken.get(pk, 0), 0) for pk, number in left.items()}
    weights = rules.Weights(held.detractor, held.spending, held.complaints)
    found = _candidates(held, month, quotas, at)
    fewest = max(held.fewest - here, 0) if most is None else wanted
    chosen = rules.choose(found, weights, left, month=month, fewest=fewest, most=wanted)
    made = Interview.objects.bulk_create(
        Interview(
            month=month,
            member_id=one.member_id,
            reasons=rules.reasons(one, weights),
            points=rules.points(one, weights),
            segment=one.segment,
            rest=month + timedelta(days=held.rest_days),
        )
        for one in chosen
    )
    for interview in made:
        record("interview.proposed", interview, actor=actor, at=at, points=interview.points)
    return made


def propose_this_month(*, at: datetime) -> list[Interview]:
    """Propose members for the month of a moment, in the shop's time, unless somebody has begun with it."""
    month = rules.first_of(timezone.localdate(at))
    if Interview.objects.filter(month=month).exists():
        return []
    return propose(month=month, actor=None, at=at)


def _taken(month: date, quotas: Iterable[InterviewQuota]) -> Mapping[int, int]:
    """How many of a month count in each share already."""
    by_code = {one.segment.code if one.segment else "": one.pk for one in quotas}
    rows = (
        Interview.objects.filter(month=month)
        .exclude(state=InterviewState.DROPPED)
        .order_by()
        .values_list("segment")
        .annotate(number=Count("pk"))
    )
    return {by_code[code]: number for code, number in rows if code in by_code}


def _candidates(
    held: InterviewTerms, month: date, quotas: Collection[InterviewQuota], at: datetime
) -> list[Candidate]:
    since = at - timedelta(days=held.look_back_days)
    bad, complaints = _bad(since, at), _complaints(since, at)
    best = MemberFigures.objects.filter(year_fen__gt=0).order_by("-year_fen")
    pool = {*bad, *complaints, *best.values_list("member", flat=True)[:SPENDERS]}
    members = _eligible(pool, month)
    spent = dict(MemberFigures.objects.filter(member__in=members).values_list("member", "year_fen"))
    top = {"top_percent": str(held.top_percent)}
    much = set(segments.narrowed(top, Member.objects.filter(pk__in=members), at).values_list("pk", flat=True))
    shares = _shares(members, quotas, at)
    return [
        Candidate(
            member_id=pk,
            bad=bad.get(pk, 0),
            complaints=complaints.get(pk, 0),
            year_fen=spent.get(pk, 0),
            spends_much=pk in much,
            quota=shares[pk].pk if pk in shares else None,
            segment=_code(shares[pk]) if pk in shares else "",
        )
        for pk in members
    ]


def _code(quota: InterviewQuota) -> str:
    return quota.segment.code if quota.segment else ""


def _bad(since: datetime, until: datetime) -> dict[int, int]:
    """How many surveys each member answered badly, by the question's threshold or as a detractor."""
    low = IS_BAD
    low |= Q(question__kind=QuestionKind.NPS, score__lte=DETRACTOR)
    rows = (
        Answer.objects.filter(low, response__at__gte=since, response__at__lte=until)
        .filter(response__invitation__member__isnull=False)
        .order_by()
        .values_list("response__invitation__member")
        .annotate(number=Count("response", distinct=True))
    )
    return {member: number for member, number in rows if member is not None}


def _complaints(since: datetime, until: datetime) -> dict[int, int]:
    """How often each member complained."""
    rows = (
        Case.objects.filter(
            kind=CaseKind.COMPLAINT, opened_at__gte=since, opened_at__lte=until, merged_into=None
        )
        .order_by()
        .values_list("member")
        .annotate(times=Count("pk"))
    )
    return dict(rows)


def _eligible(pool: Collection[int], month: date) -> list[int]:
    """Those who may be asked: not erased, reachable by consent, rested, in no open crisis."""
    crisis = CrisisCase.objects.filter(
        crisis__status__in=[CrisisStatus.OPEN, CrisisStatus.CONTAINED], case__member__in=pool
    )
    resting = Interview.objects.filter(member__in=pool).filter(
        Q(month=month) | Q(rest__gt=month) & ~Q(state=InterviewState.DROPPED)
    )
    members = (
        Member.objects.filter(pk__in=pool, erased_at=None)
        .exclude(pk__in=crisis.values("case__member"))
        .exclude(pk__in=resting.values("member"))
        .order_by("pk")
    )
    chosen = choices_of(pool)
    return [
        one.pk
        for one in members.only("pk", "consent_marketing")
        if consents.channels(Purpose.SURVEY, marketing=one.consent_marketing, choices=chosen.get(one.pk, {}))
    ]


def _shares(
    members: Collection[int], quotas: Collection[InterviewQuota], at: datetime
) -> dict[int, InterviewQuota]:
    """The first share that each member fits."""
    found: dict[int, InterviewQuota] = {}
    for one in sorted(quotas, key=lambda one: one.position):
        rest = [pk for pk in members if pk not in found]
        for pk in segments.inside(one.segment, rest, at):
            found[pk] = one
    return found
