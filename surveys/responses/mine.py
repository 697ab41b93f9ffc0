"""What members said of somebody's own cases: an agent's, or those of the departments that one leads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from config.common.models import User
from feedback.org.queries import agent_of, departments_led
from surveys.models import Answer, QuestionKind, Response, SeenResults
from surveys.responses.queries import IS_BAD
from surveys.scoring import Csat, csat


def of(user: User) -> QuerySet[Response]:
    """The responses about cases that were this person's, or of a department that this person leads.

    Anonymous ones have neither agent nor department, and so are nobody's.
    """
    agent = agent_of(user)
    mine = Q(department__in=departments_led(user))
    if agent is not None:
        mine |= Q(agent=agent)
    return Response.objects.filter(mine, invitation__isnull=False)


def shown(responses: QuerySet[Response]) -> QuerySet[Response]:
    """With all that a list shows of them, and whether they are bad. Five queries."""
    bad = Answer.objects.filter(IS_BAD, response=OuterRef("pk"))
    return (
        responses.annotate(is_bad=Exists(bad))
        .select_related(
            "wave__campaign", "agent__user", "invitation__case", "invitation__member", "follow_up"
        )
        .prefetch_related("answers__question__choices", "answers__files")
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """A time in one line: how many answered, how many badly, how satisfied they were."""

    answered: int
    bad: int
    satisfied: Csat


def summary(responses: QuerySet[Response]) -> Summary:
    """Count some responses. Two queries."""
    bad = Answer.objects.filter(IS_BAD, response=OuterRef("pk"))
    counted = responses.order_by().aggregate(answered=Count("pk"), bad=Count("pk", filter=Q(Exists(bad))))
    scores: Iterable[int | None] = Answer.objects.filter(
        response__in=responses.order_by().values("pk"),
        question__kind=QuestionKind.CSAT,
        question__scale=5,
        score__isnull=False,
    ).values_list("score", flat=True)
    return Summary(counted["answered"], counted["bad"], csat([one for one in scores if one is not None]))


def seen_upto(user: User) -> datetime | None:
    """Up to when this person has seen their results."""
    found = SeenResults.objects.filter(user=user).first()
    return found.upto if found else None


def see(user: User, *, at: datetime) -> None:
    """Note that this person has seen what there is at a moment."""
    SeenResults.objects.update_or_create(user=user, defaults={"upto": at})
