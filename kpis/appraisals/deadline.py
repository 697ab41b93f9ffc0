"""The clock of appeals: who is told that one waits, is due and is late."""

from django.utils.translation import gettext_lazy as _

from config.common.models import User
from kpis.appraisals.held import DECIDE, subjects
from kpis.deadlines import people
from kpis.deadlines.sweeping import Deadline
from kpis.models import AppealState, AppraisalAppeal, Step


def deciders(appeal: AppraisalAppeal) -> list[User]:
    """Who may decide on an appeal: who has the right in its department or above, and is no party to it."""
    appraisal = appeal.score.appraisal
    parties = {*subjects(appraisal), appeal.by_id, *judges(appeal)}
    return [user for user in people.above_with(appraisal.department_id, DECIDE) if user.pk not in parties]


def judges(appeal: AppraisalAppeal) -> set[int]:
    """Who judged by hand what the appeal is against: gave a mark in it, or scored it again."""
    lines = appeal.score.numbers["lines"]
    by_hand = {appeal.score.by_id} if appeal.score.revision > 1 else set()
    return {by for by in {*by_hand, *(line["marked_by"] for line in lines)} if by}


def _people(appeal: AppraisalAppeal, step: Step) -> list[User]:
    if step == Step.LEAD:
        parties = subjects(appeal.score.appraisal)
        leads = people.leads_at(appeal.score.appraisal.department_id)
        return [user for user in leads if user.pk not in parties]
    return deciders(appeal)


DEADLINE = Deadline(
    name="appraisalappeal",
    model=AppraisalAppeal,
    is_running=lambda one: one.state == AppealState.OPEN,
    since=lambda one: one.at,
    people=_people,
    page=lambda one: f"/admin/appraisals/{one.score.appraisal_id}/",
    titles={
        Step.WARNING: _("Appeal %(number)s has to be decided soon: %(due)s"),
        Step.BREACH: _("Appeal %(number)s had to be decided: %(due)s"),
        Step.LEAD: _("Appeal %(number)s of your department is late: %(due)s"),
        Step.SUPERVISORS: _("Appeal %(number)s is late, and its leads were told: %(due)s"),
    },
)
COME = _("Appeal %(number)s is to be decided until %(due)s")
