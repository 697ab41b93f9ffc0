"""Recovery: of those who were unhappy and had it made good, how many say so afterwards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case as When
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models import When as Then
from django.db.models.functions import Coalesce

from config.common.statistics import wilson
from feedback.models import Case, CaseStatus
from surveys.models import Answer, Invitation, QuestionKind, Response
from surveys.questionnaires.rules import NPS_TOP

KINDS = (
    QuestionKind.CSAT,
    QuestionKind.STARS,
    QuestionKind.LIKERT,
    QuestionKind.CES,
    QuestionKind.NPS,
)
"""The question that counts, where a survey asks several: the first of these kinds."""
USUAL_TOP = 5


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of those who answered badly, by follow-up case.

    `value` is the share in percent of the `answered` whose answer about the follow-up is one of the two best
    of its scale, with its 95 % interval (Wilson); None while nobody has answered. Those who were not asked
    or did not answer are in no share: they are `open` (the case is not closed), `not_asked`, `waiting` (they
    still can) or `silent`. The five add up to `bad`.
    """

    bad: int
    open: int
    not_asked: int
    waiting: int
    silent: int
    answered: int
    recovered: int

    @property
    def value(self) -> float | None:
        """In percent."""
        return 100 * self.recovered / self.answered if self.answered else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """In percent."""
        if not self.answered:
            return None
        low, high = wilson(self.recovered, self.answered)
        return 100 * low, 100 * high


def recovery(responses: QuerySet[Response], *, at: datetime) -> Recovery:
    """How the follow-ups of some responses went, such as those of a wave. One query.

    Several bad answers that led to one case are one; what counts is the last answer about it.
    """
    asked = Invitation.objects.filter(case=OuterRef("pk"))
    cases = Case.objects.filter(
        pk__in=responses.filter(follow_up__isnull=False).order_by().values("follow_up")
    ).annotate(
        is_asked=Exists(asked),
        can_answer=Exists(asked.filter(is_answered=False, expires_at__gt=at)),
        is_good=Subquery(_good(OuterRef("pk")), output_field=IntegerField()),
    )
    unheard = Q(is_good__isnull=True)
    counted = cases.order_by().aggregate(
        bad=Count("pk"),
        recovered=Count("pk", filter=Q(is_good=1)),
        answered=Count("pk", filter=Q(is_good__isnull=False)),
        waiting=Count("pk", filter=unheard & Q(can_answer=True)),
        silent=Count("pk", filter=unheard & Q(is_asked=True, can_answer=False)),
        open=Count("pk", filter=unheard & Q(is_asked=False) & ~Q(status=CaseStatus.CLOSED)),
        not_asked=Count("pk", filter=unheard & Q(is_asked=False, status=CaseStatus.CLOSED)),
    )
    return Recovery(**counted)


def verdicts() -> QuerySet[Any]:
    """Scored answers, each with `good`: 1 where it is one of the two best of its scale, else 0.

    Of those of one response the one with the least `rank` counts.
    """
    rank = When(*(Then(question__kind=kind, then=Value(place)) for place, kind in enumerate(KINDS)))
    top = When(
        Then(question__kind=QuestionKind.NPS, then=Value(NPS_TOP)),
        default=Coalesce(F("question__scale"), Value(USUAL_TOP), output_field=IntegerField()),
        output_field=IntegerField(),
    )
    return (
        Answer.objects.filter(question__kind__in=KINDS, score__isnull=False, row="")
        .annotate(rank=rank, top=top)
        .annotate(good=When(Then(score__gte=F("top") - 1, then=Value(1)), default=Value(0)))
    )


def _good(case: OuterRef) -> QuerySet[Answer, int]:
    """Whether the last answer about a case is good, 1 or 0."""
    return (
        verdicts()
        .filter(response__invitation__case=case)
        .order_by("-response__at", "rank", "question__position", "pk")
        .values_list("good", flat=True)[:1]
    )
