"""Interviews as people look at them: the month's board, free times, one interview, themes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Count, QuerySet

from compensation.models import Member
from config.common.errors import NotFound
from config.common.models import User
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


def slots(user: User | None, since: datetime) -> QuerySet[InterviewSlot]:
    """The times of one interviewer or of all, from a moment on."""
    found = InterviewSlot.objects.filter(ends_at__gt=since)
    if user is not None:
        found = found.filter(interviewer=user)
    return found.select_related("interviewer", "interview__member").order_by("starts_at", "pk")


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
