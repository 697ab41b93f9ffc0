"""Who may see and do what of trainings, and what every command on one does: find it for this person."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.errors import MoveNotAllowed, NotFound, NotPermitted
from config.common.models import User
from feedback.models import Agent, Department
from feedback.org.queries import agent_of, colleagues, department_ids
from kpis.models import Training, TrainingState

VIEW, PLAN = "kpis.view_training", "kpis.plan_training"
BACKEND = "django.contrib.auth.backends.ModelBackend"
"""What knows who has which right."""


def own(user: User) -> Q:
    """Those that this person is in."""
    agent = agent_of(user)
    return Q(places__agent=agent) if agent else Q(pk__in=[])


def team(user: User) -> Q:
    """Those that this person leads to: planned in their departments, with the right, or given by them."""
    given = Q(trainer=user)
    return given | Q(department__in=department_ids(user)) if user.has_perm(PLAN) else given


def led_by(user: User) -> QuerySet[Training]:
    """The trainings that this person plans or gives."""
    found = Training.objects.all()
    return found.filter(team(user)) if user.is_active and user.has_perm(VIEW) else found.none()


def visible_to(user: User) -> QuerySet[Training]:
    """The same, and those that they are in."""
    found = Training.objects.all()
    if not (user.is_active and user.has_perm(VIEW)):
        return found.none()
    return found.filter(Q(pk__in=found.filter(own(user)).values("pk")) | team(user))


def may_plan_in(user: User, department_id: int) -> bool:
    """Whether somebody plans trainings of a department."""
    return user.is_active and user.has_perm(PLAN) and department_id in department_ids(user)


def may_plan(training: Training, user: User) -> bool:
    """Whether a training is this person's to change."""
    return may_plan_in(user, training.department_id)


def leads_it(training: Training, user: User) -> bool:
    """Whether somebody sees who is in it and what came of it of all together: who plans or gives it."""
    return may_plan(training, user) or (training.trainer_id == user.pk and user.has_perm(VIEW))


def may_note(training: Training, user: User) -> bool:
    """Whether somebody notes who was there: who plans or gives it, and is not in it."""
    return leads_it(training, user) and not training.places.filter(agent__user=user).exists()


def held(training_id: int, actor: User | None, *, needs_plan: bool = True) -> Training:
    """A training that this person may change, or note, locked until the transaction ends; without one, any.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: it is not theirs to change.
    """
    found = Training.objects.select_for_update(no_key=True).filter(pk=training_id).first()
    if found is None:
        raise NotFound
    if actor is None:
        return found
    if not visible_to(actor).filter(pk=found.pk).exists():
        raise NotFound
    if not (may_plan if needs_plan else may_note)(found, actor):
        raise NotPermitted
    return found


def planned(training_id: int, actor: User | None, *, needs_plan: bool = True) -> Training:
    """The same of one that is planned.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it was held or cancelled.
    """
    found = held(training_id, actor, needs_plan=needs_plan)
    if found.state != TrainingState.PLANNED:
        raise MoveNotAllowed(_("This training is “%(state)s”.") % {"state": found.get_state_display()})
    return found


def trainers() -> QuerySet[User]:
    """Who can give a training, by name: active colleagues who see trainings."""
    return User.objects.with_perm(VIEW, backend=BACKEND).filter(is_staff=True).order_by("name", "pk")


def learners(department: Department) -> QuerySet[Agent]:
    """Who of a department can be in a training: its active agents."""
    return colleagues(department)
