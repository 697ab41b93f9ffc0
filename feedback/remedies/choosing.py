"""Whom a batch is for, by what is known up here: the cases of a cause, the broken promises of a kind."""

from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from compensation.batches.sources import Criteria, Source, about, moment
from config.common.errors import Invalid
from feedback.models import Case, Gap

CASES, GAPS = "cases", "gaps"


def of_cases(criteria: Criteria) -> "QuerySet[Any, tuple[int, str]]":
    """The members of cases opened in a period, of a kind, category, department or with words in the subject.

    They are chosen for the case and for the order that it is about.

    Raises:
        Invalid: nothing narrows the cases down to a period.
    """
    since, until = _period(criteria)
    found = Case.objects.filter(opened_at__gte=since, opened_at__lt=until, merged_into=None)
    for field, name in (("kind", "kind"), ("category", "category"), ("department__code", "department")):
        if value := criteria.get(name):
            found = found.filter(**{field: value})
    if words := criteria.get("words"):
        found = found.filter(subject__icontains=words)
    found = found.order_by()
    bought = found.filter(order__member=F("member")).values_list("member_id", about("order", "order_id"))
    return found.values_list("member_id", about("case")).union(bought)


def of_gaps(criteria: Criteria) -> "QuerySet[Any, tuple[int, str]]":
    """The members of orders whose promise was broken in a period: about what, from what cause, how badly.

    Raises:
        Invalid: nothing narrows the gaps down to a period.
    """
    since, until = _period(criteria)
    found = Gap.objects.filter(
        detected_at__gte=since, detected_at__lt=until, withdrawn_at=None, order__isnull=False
    )
    for field, name in (("aspect", "aspect"), ("cause", "cause"), ("order__region", "region")):
        if value := criteria.get(name):
            found = found.filter(**{field: value})
    if severity := criteria.get("severity"):
        found = found.filter(severity__gte=severity)
    return found.order_by().values_list("member_id", about("order", "order_id"))


def _period(criteria: Criteria) -> tuple[Any, Any]:
    since, until = moment(criteria, "since"), moment(criteria, "until")
    if since is None or until is None or not since < until:
        raise Invalid(_("Choose a period: its end is after its beginning."))
    return since, until


BATCH_SOURCES = {CASES: Source(_("cases"), of_cases), GAPS: Source(_("broken promises"), of_gaps)}
"""What batches offer beside orders and lists."""
