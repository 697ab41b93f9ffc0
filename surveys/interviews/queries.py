"""Interviews as people look at them: the month's board, free times, one interview, themes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from compensation.models import Member
from config.common.errors import NotFound
from config.common.models import User
from feedback.models import Membership
from feedback.org.queries import department_ids
from surveys.campaigns.queries import sees_all
from surveys.models import Interview, InterviewSlot, InterviewState, InterviewTerms, Passage, Theme

COLUMNS = (
    InterviewState.PROPOSED,
    InterviewState.INVITED,
    InterviewState.ARRANGED,
    InterviewState.HELD,
)
"""Of the board; the others stand below it."""
OPEN = (InterviewState.INVITED, InterviewState.ARRANGED)


def board(month: date) -> Mapping[str, Sequence[Interview]]:
    """A month's interviews by where they stand, most points first. One query."""
    rows = (
        Interview.objects.filter(month=month)
        .select_related("member__tier", "interviewer", "slot")
        .order_by("-points", "pk")
    )
    found: dict[str, list[Interview]] = {state: [] for state in InterviewState.values}
    for one in rows:
        found[one.state].append(one)
    return found


def offered(interview: Interview, at: datetime) -> QuerySet[InterviewSlot]:
    """The times that a member can choose: free ones of the interviewer, not too soon."""
    terms = InterviewTerms.objects.filter(pk=1).first() or InterviewTerms(pk=1)
    return InterviewSlot.objects.filter(
        interviewer=interview.interviewer,
        interview=None,
        starts_at__gt=at + timedelta(hours=terms.notice_hours),
    ).order_by("starts_at", "pk")


def of_member(member: Member) -> QuerySet[Interview]:
    """What a member was asked to talk about, newest first."""
    return (
        Interview.objects.filter(member=member)
        .exclude(state__in=[InterviewState.PROPOSED, InterviewState.DROPPED])
        .select_related("interviewer", "slot")
        .order_by("-month", "-pk")
    )


def own(member: Member, interview_id: int) -> Interview:
    """A member's own interview.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    found = of_member(member).select_related("member").filter(pk=interview_id).first()
    if found is None:
        raise NotFound
    return found


def waiting(member: Member) -> QuerySet[Interview]:
    """Those that wait for the member to choose a time."""
    return of_member(member).filter(state=InterviewState.INVITED)


def interviewers_for(user: User) -> QuerySet[User]:
    """Whose times a person sees: their own and those of interviewers of their departments; some see all.

    An interviewer is whoever has ever offered a time.
    """
    offers = User.objects.filter(interview_slots__isnull=False)
    if not sees_all(user):
        ours = Membership.objects.filter(department__in=department_ids(user))
        offers = offers.filter(pk__in=ours.values("agent__user"))
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=offers.values("pk"))).order_by("name", "pk")


@dataclass(frozen=True, slots=True)
class Week:
    """A week of times: its seven days, and for each interviewer with any, those of each day."""

    days: Sequence[date]
    rows: Sequence[tuple[User, Sequence[Sequence[InterviewSlot]]]]


def week(user: User, monday: date, *, interviewer: int | None = None, only_free: bool = False) -> Week:
    """The times of a week, in the shop's time zone, that a person sees. One query."""
    days = [monday + timedelta(days=number) for number in range(7)]
    since, until = (
        timezone.make_aware(datetime.combine(day, time())) for day in (monday, monday + timedelta(days=7))
    )
    found = InterviewSlot.objects.filter(
        starts_at__gte=since, starts_at__lt=until, interviewer__in=interviewers_for(user).values("pk")
    )
    if interviewer is not None:
        found = found.filter(interviewer=interviewer)
    if only_free:
        found = found.filter(interview=None)
    rows: dict[int, tuple[User, list[list[InterviewSlot]]]] = {}
    ordered = found.select_related("interviewer", "interview__member")
    for slot in ordered.order_by("interviewer__name", "interviewer", "starts_at"):
        _who, cells = rows.setdefault(slot.interviewer_id, (slot.interviewer, [[] for _day in days]))
        cells[(timezone.localdate(slot.starts_at) - monday).days].append(slot)
    return Week(days, list(rows.values()))


def passages(interview: Interview) -> QuerySet[Passage]:
    """What was said, with its themes and needs. Three queries."""
    return (
        Passage.objects.filter(interview=interview)
        .prefetch_related("themes", "evidence__need")
        .order_by("pk")
    )


def themes() -> QuerySet[Theme]:
    """The code book, each with how many passages and interviews it has. One query."""
    return Theme.objects.annotate(
        number=Count("passages", distinct=True), talks=Count("passages__interview", distinct=True)
    ).order_by("-number", "code")
