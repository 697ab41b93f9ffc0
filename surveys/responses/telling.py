"""Telling colleagues what members said of their cases: bad answers at once, the others once a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.models import User
from feedback.models import Case
from feedback.org.alerts import alert
from feedback.org.queries import leads_of
from surveys.models import Answer, Response, SurveyTerms
from surveys.responses.queries import IS_BAD

BAD, ANSWERED = "survey.bad", "survey.results"
SETTLING = timedelta(minutes=2)
"""Answers are dated when they come and seen when they are kept, a moment later."""


def tell_at_once(response: Response, at: datetime) -> None:
    """Alert the agent and the leads of the case that a member was not satisfied with it."""
    invitation = response.invitation
    if invitation is None or invitation.case is None:
        return
    alert(
        users=_involved(response),
        case=invitation.case,
        kind=BAD,
        key=f"survey-bad:{response.pk}",
        title=_("A member was not satisfied with your case"),
        at=at,
    )


@transaction.atomic
def tell_results(*, at: datetime) -> int:
    """Alert agents and leads to the day's other answers about their cases; how many answers that were.

    Once a day, when the chosen hour has come; a day on which nobody looked is told of with the next. The
    alerts of one person become one letter.
    """
    terms, _new = SurveyTerms.objects.get_or_create(pk=1)
    terms = SurveyTerms.objects.select_for_update().get(pk=1)
    until = _moment(terms, at - SETTLING)
    since = terms.told_upto or until - timedelta(days=1)
    if since >= until:
        return 0
    bad = Answer.objects.filter(IS_BAD)
    found = (
        Response.objects.filter(at__gte=since, at__lt=until, invitation__case__isnull=False)
        .exclude(pk__in=bad.values("response"))
        .select_related("agent__user", "department", "invitation__case")
        .order_by("pk")
    )
    number = 0
    for response in found:
        case: Case | None = response.invitation.case if response.invitation else None
        if case is None:
            continue
        number += 1
        alert(
            users=_involved(response),
            case=case,
            kind=ANSWERED,
            key=f"survey-told:{response.pk}",
            title=_("A member said how your case went"),
            at=at,
        )
    terms.told_upto = until
    terms.save(update_fields=["told_upto"])
    return number


def _moment(terms: SurveyTerms, at: datetime) -> datetime:
    """The last time that it was the chosen hour."""
    local = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    moment = local.replace(hour=terms.told_at.hour, minute=terms.told_at.minute, second=0, microsecond=0)
    return moment if moment <= local else moment - timedelta(days=1)


def _involved(response: Response) -> Iterable[User]:
    """Who had the case when the member was asked about it, and the leads of its department then."""
    if response.agent is not None:
        yield response.agent.user
    if response.department is not None:
        for lead in leads_of(response.department).select_related("user"):
            yield lead.user
