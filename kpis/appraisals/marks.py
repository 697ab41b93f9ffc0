"""Marks: what a person makes of somebody's month, before it is scored."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from feedback.org.queries import SEE_ALL, department_ids
from kpis.appraisals.held import MARK, check_right, subjects
from kpis.appraisals.reckoning import Person, place_of
from kpis.appraisals.rules import WHOLE
from kpis.appraisals.scoring import version_for
from kpis.deadlines.given import text_of
from kpis.models import Appraisal, AppraisalMark, JudgedBy, Scheme, SchemeLine

REMARK = 500


@transaction.atomic
def give_mark(
    *,
    line_id: int,
    month: date,
    person: Person,
    points: int,
    remark: str = "",
    actor: User,
    at: datetime,
) -> AppraisalMark:
    """Give somebody's month a mark, or another one while it is not scored.

    Raises:
        NotPermitted: without the right, of another department, or of oneself.
        Invalid: no such line of this person's scheme and month, no points of 100, or a remark that is none.
        MoveNotAllowed: the month is scored with a mark; an appeal or scoring again may change that.
    """
    check_right(actor, MARK)
    month = month.replace(day=1)
    _check_not_self(actor, person)
    line = SchemeLine.objects.select_related("version__scheme").filter(pk=line_id).first()
    if line is None or line.judged_by != JudgedBy.MARK:
        raise Invalid(_("There is no such mark to give."))
    scheme = Scheme.objects.select_for_update(no_key=True).get(pk=line.version.scheme_id)
    version = version_for(scheme, month)
    if version is None or version.pk != line.version_id:
        raise Invalid(_("There is no such mark to give."))
    if not 0 <= points <= WHOLE:
        raise Invalid(_("Points go from 0 to 100."), field="points")
    place = {"line": line, "month": month, "agent": person.agent}
    if person.agent is None:
        place["department"] = person.department
    known = AppraisalMark.objects.filter(**place).first()
    scored = {place_of(one) for one in scheme.appraisals.filter(month=month)}
    if known is not None and person.place in scored:
        raise MoveNotAllowed(_("This month is scored; the mark stays."))
    found = known or AppraisalMark(**{**place, "department": person.department})
    found.points, found.remark = points, text_of(remark, REMARK, "remark", is_needed=False)
    found.by, found.at = actor, at
    found.save()
    record(
        "appraisal.marked", found, actor=actor, at=at, line=line.pk, month=f"{month:%Y-%m}", points=points,
        agent=person.agent.pk if person.agent else None, department=person.department.pk,
    )  # fmt: skip
    return found


def _check_not_self(actor: User, person: Person) -> None:
    if not actor.has_perm(SEE_ALL) and person.department.pk not in department_ids(actor):
        raise NotFound
    if actor.pk in subjects(Appraisal(agent=person.agent, department=person.department)):
        raise NotPermitted(_("Nobody judges their own month."))
