"""How members rated cases, for those below who ask."""

from collections.abc import Iterable, Mapping

from surveys.models import Answer, QuestionKind


def ratings(case_ids: Iterable[int]) -> Mapping[int, int]:
    """The satisfaction, 1 to 5, of those cases whose member answered; the last answer counts."""
    rows = Answer.objects.filter(
        question__kind=QuestionKind.CSAT,
        question__scale=5,
        score__isnull=False,
        response__invitation__case__in=list(case_ids),
    )
    found = rows.order_by("response__at").values_list("response__invitation__case", "score")
    return {case: score for case, score in found if case is not None and score is not None}
