"""What members said, for the apps below that ask."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q

from surveys.models import Answer, QuestionKind
from surveys.questionnaires.rules import SCORED

IS_BAD = Q(question__kind__in=SCORED, score__lte=F("question__bad_up_to"))
"""Of answers: bad by their question's threshold, as `rules.is_bad` says of what is just given."""
BAD = 2
"""Of five: one and two are what nobody should leave with."""


def dissatisfied_cases(since: datetime, until: datetime) -> Iterable[int]:
    """The cases whose members said in a time, half-open, that they were not satisfied."""
    bad = Answer.objects.filter(
        question__kind=QuestionKind.CSAT,
        question__scale=5,
        score__lte=BAD,
        response__at__gte=since,
        response__at__lt=until,
        response__invitation__case__isnull=False,
    )
    return bad.values_list("response__invitation__case", flat=True)
