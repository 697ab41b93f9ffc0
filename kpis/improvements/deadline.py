"""The clock of improvements: who is told when one is soon due, due and late, each rung once and on record.

Letters leave through the outbox. They name an improvement by its number: what it says stays in the house.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.events import record
from config.common.mail import tell_staff
from config.common.models import User
from feedback.models import Membership
from feedback.org.queries import parents
from feedback.org.rules import above
from kpis.improvements import rules
from kpis.improvements.held import CHANGE, day_of
from kpis.models import Improvement, ImprovementRung, Step
from kpis.models.improvement import WORKED

PAGE = "/admin/improvements/%d/"
LIMIT = 200
SHORTEST_DAYS, USUAL_DAYS = 7, 28
TITLES = {
    Step.WARNING: _("Improvement %(number)s is due soon: %(due)s"),
    Step.BREACH: _("Improvement %(number)s was due: %(due)s"),
    Step.LEAD: _("Improvement %(number)s of your department is late: %(due)s"),
    Step.SUPERVISORS: _("Improvement %(number)s is late, and its leads were told: %(due)s"),
}
YOURS = _("Improvement %(number)s is yours until %(due)s")
CAME_BACK = _("Improvement %(number)s was reopened: due %(due)s")


def ends_at(improvement: Improvement) -> datetime:
    """When its due day is over.

    Raises:
        ValueError: it has none.
    """
    if improvement.due_on is None:
        raise ValueError("it has no due day")
    return timezone.make_aware(datetime.combine(improvement.due_on + timedelta(1), time()))


def rungs_of(improvement: Improvement) -> list[tuple[Step, datetime]]:
    """When each of its rungs is due."""
    accepted = improvement.accepted_at or improvement.proposed_at
    return rules.ladder(accepted, ends_at(improvement))


def next_at(improvement: Improvement, at: datetime) -> datetime | None:
    """When its ladder has to be looked at next, for a due day that was set just now."""
    return min((due for _step, due in rungs_of(improvement) if due >= at), default=None)


def days_given(improvement: Improvement) -> int:
    """How many days it was given, a week at least."""
    if improvement.accepted_at is None or improvement.due_on is None:
        return USUAL_DAYS
    return max(SHORTEST_DAYS, (improvement.due_on - day_of(improvement.accepted_at)).days)


@transaction.atomic
def sweep(*, at: datetime) -> int:
    """Fire the rungs that are due; gives how many. Two sweeps at once share the work."""
    due = list(
        Improvement.objects.filter(warn_at__lte=at)
        .order_by("warn_at")
        .select_for_update(skip_locked=True, no_key=True)[:LIMIT]
    )
    fired = 0
    for improvement in due:
        if improvement.status in WORKED:
            fired += _fire(improvement, at)
        rest = [when for _step, when in rungs_of(improvement) if when > at]
        improvement.warn_at = min(rest, default=None) if improvement.status in WORKED else None
        improvement.save(update_fields=["warn_at"])
    return fired


def _fire(improvement: Improvement, at: datetime) -> int:
    if improvement.due_on is None:
        return 0
    known = set(
        improvement.rungs.filter(round=improvement.round, due_on=improvement.due_on).values_list(
            "step", flat=True
        )
    )
    fired = 0
    for step, when in rungs_of(improvement):
        if when > at or step in known:
            continue
        people = _people(improvement, step)
        ImprovementRung.objects.create(
            improvement=improvement,
            round=improvement.round,
            due_on=improvement.due_on,
            step=step,
            fired_at=at,
            told=len(people),
        )
        record("improvement.rung", improvement, actor=None, at=at, step=step, told=[one.pk for one in people])
        _tell(improvement, people, f"{improvement.round}:{improvement.due_on}:{step}", TITLES[step], at)
        fired += 1
    return fired


def tell_owner(improvement: Improvement, *, at: datetime) -> None:
    """Tell the owner that it is theirs."""
    if improvement.owner is not None:
        _tell(improvement, [improvement.owner], f"owner:{improvement.owner_id}:{at.isoformat()}", YOURS, at)


def tell_reopened(improvement: Improvement, *, at: datetime) -> None:
    """Tell the owner and the leads that it is open again."""
    people = {one.pk: one for step in (Step.BREACH, Step.LEAD) for one in _people(improvement, step)}
    _tell(improvement, people.values(), f"reopened:{improvement.round}", CAME_BACK, at)


def _people(improvement: Improvement, step: Step) -> list[User]:
    """Who is told at a rung: the owner; those who lead the department; those above who may change it."""
    if step in {Step.WARNING, Step.BREACH}:
        return [improvement.owner] if improvement.owner and improvement.owner.is_active else []
    places = [improvement.department_id, *above(parents(), improvement.department_id)]
    active = Membership.objects.filter(
        department__in=places, agent__is_active=True, agent__user__is_active=True
    ).select_related("agent__user")
    members = sorted(active, key=lambda one: (places.index(one.department_id), one.agent_id))
    leads = {one.agent.user.pk: one.agent.user for one in members if one.is_lead}
    if step == Step.SUPERVISORS:
        everybody = {one.agent.user.pk: one.agent.user for one in members}
        return [user for user in everybody.values() if user.has_perm(CHANGE)]
    nearest = [one for one in members if one.is_lead]
    at_place = nearest[0].department_id if nearest else None
    return [leads[one.agent.user.pk] for one in nearest if one.department_id == at_place]


def _tell(improvement: Improvement, people: Iterable[User], key: str, title: Promise, at: datetime) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        subject = str(title) % {"number": improvement.pk, "due": improvement.due_on}
    address = settings.PUBLIC_URL + PAGE % improvement.pk
    for user in people:
        tell_staff(
            user=user,
            key=f"improvement:{improvement.pk}:{key}:{user.pk}",
            subject=subject,
            body=f"{subject}\n\n{address}",
            at=at,
        )
