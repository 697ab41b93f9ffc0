"""Who may see and do what of appraisals, and what every command on one does: find it for this person."""

from django.db.models import Q, QuerySet

from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from feedback.models import Membership
from feedback.org.queries import SEE_ALL, agent_of, department_ids
from kpis.models import Appraisal
from kpis.snapshots.queries import SEE_COMPANY

VIEW, SEE_TEAM, MARK, SCORE, DECIDE, EXPORT, SET = (
    "kpis.view_appraisal",
    "kpis.see_team_appraisals",
    "kpis.mark_appraisals",
    "kpis.score_appraisals",
    "kpis.decide_appraisals",
    "kpis.export_appraisals",
    "kpis.change_scheme",
)

__all__ = ["DECIDE", "EXPORT", "MARK", "SCORE", "SEE_COMPANY", "SEE_TEAM", "SET", "VIEW"]


def own(user: User) -> QuerySet[Appraisal]:
    """The appraisals of this person themselves."""
    agent = agent_of(user) if user.is_active and user.has_perm(VIEW) else None
    return Appraisal.objects.filter(agent=agent) if agent else Appraisal.objects.none()


def team(user: User) -> QuerySet[Appraisal]:
    """Those of the departments that this person sees, their own aside."""
    if not (user.is_active and user.has_perm(SEE_TEAM)):
        return Appraisal.objects.none()
    found = Appraisal.objects.filter(~Q(agent__user=user) | Q(agent=None))
    return found if user.has_perm(SEE_ALL) else found.filter(department__in=department_ids(user))


def visible_to(user: User) -> QuerySet[Appraisal]:
    """Both."""
    return own(user) | team(user)


def subjects(appraisal: Appraisal) -> set[int]:
    """Whom an appraisal is about, by the numbers of their accounts: an agent, or who leads the department."""
    if appraisal.agent is not None:
        return {appraisal.agent.user_id}
    leads = Membership.objects.filter(department=appraisal.department_id, is_lead=True)
    return set(leads.values_list("agent__user", flat=True))


def held(appraisal_id: int, actor: User | None) -> Appraisal:
    """An appraisal that this person sees, locked until the transaction ends; without one, any.

    Raises:
        NotFound: there is none that this person sees.
    """
    found = (
        Appraisal.objects.select_for_update(no_key=True, of=("self",))
        .select_related("agent__user", "department", "scheme")
        .filter(pk=appraisal_id)
        .first()
    )
    if found is None or (actor is not None and not visible_to(actor).filter(pk=found.pk).exists()):
        raise NotFound
    return found


def check_right(actor: User | None, right: str) -> None:
    """Refuse whoever has not the right.

    Raises:
        NotPermitted: this person has not.
    """
    if actor is not None and not (actor.is_active and actor.has_perm(right)):
        raise NotPermitted
