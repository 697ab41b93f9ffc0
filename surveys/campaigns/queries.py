"""What a campaign asks, and how it was answered."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from compensation.models import Segment
from config.common.models import User
from feedback.cases.queries import visible_to
from feedback.org.queries import SEE_ALL
from surveys import scoring
from surveys.models import Answer, Campaign, Invitation, Question, QuestionKind, Response

SCORED = (QuestionKind.CSAT, QuestionKind.CES)


def questions_at(campaign: Campaign, at: datetime) -> QuerySet[Question]:
    """The questions that the campaign asked at a moment, in order."""
    return campaign.questions.filter(
        Q(retired_at__isnull=True) | Q(retired_at__gt=at), added_at__lte=at
    ).order_by("position", "pk")


def questions_of(invitation: Invitation) -> QuerySet[Question]:
    """The questions of an invitation: those of its campaign at the moment of inviting."""
    return questions_at(invitation.campaign, invitation.invited_at)


def visible_responses(user: User) -> QuerySet[Response]:
    """The responses that a person may see: those about cases that the person may see."""
    if user.is_active and user.has_perm(SEE_ALL):
        return Response.objects.all()
    return Response.objects.filter(invitation__case__in=visible_to(user).values("pk"))


@dataclass(frozen=True, slots=True)
class Result:
    """One question's scores in a period, with the figure of its kind."""

    question: Question
    figure: scoring.Csat | scoring.Ces


@dataclass(frozen=True, slots=True)
class Results:
    """A campaign in a period: how many were invited and answered, the figures, question by question."""

    invited: int
    answered: int
    followed_up: int
    results: list[Result]


def results(campaign: Campaign, user: User, *, since: datetime, until: datetime) -> Results:
    """The results of what was answered in a period, as far as this person may see it.

    Invited counts invitations of the period, answered the responses given in it.
    """
    seen = visible_responses(user).filter(invitation__campaign=campaign, at__gte=since, at__lt=until)
    invitations = Invitation.objects.filter(campaign=campaign, invited_at__gte=since, invited_at__lt=until)
    if not user.has_perm(SEE_ALL):
        invitations = invitations.filter(case__in=visible_to(user).values("pk"))
    counted = seen.aggregate(answered=Count("pk"), followed_up=Count("follow_up"))
    rows = (
        Answer.objects.filter(response__in=seen.values("pk"), score__isnull=False)
        .values_list("question", "score")
        .annotate(count=Count("pk"))
        .order_by()
    )
    scores: dict[int, Counter[int]] = {}
    for question_id, score, count in rows:
        scores.setdefault(question_id, Counter())[score] = count
    asked = campaign.questions.filter(kind__in=SCORED).order_by("position", "-retired_at", "pk")
    return Results(
        invited=invitations.count(),
        answered=counted["answered"],
        followed_up=counted["followed_up"],
        results=[
            Result(question, _figure(question, scores.get(question.pk, Counter()).elements()))
            for question in asked
            if question.retired_at is None or question.pk in scores
        ],
    )


def _figure(question: Question, scores: Iterable[int]) -> scoring.Csat | scoring.Ces:
    return scoring.csat(scores) if question.kind == QuestionKind.CSAT else scoring.ces(scores)


def uses_of(segments: Collection[Segment]) -> list[tuple[int, str]]:
    """The campaigns that ask some segments, for whoever wants to delete one."""
    campaigns = Campaign.objects.filter(segment__in=segments).order_by("code")
    return [(campaign.segment_id, str(campaign)) for campaign in campaigns if campaign.segment_id]
