"""What every command on an experiment does: find it for this person, lock it, check the move."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.errors import MoveNotAllowed, NotFound, NotPermitted
from config.common.models import User
from feedback.models import Department
from feedback.org.queries import departments_of
from kpis.experiments.rules import MOVES
from kpis.models import Experiment, ExperimentStatus

VIEW, ADD, RUN, SEE_ALL = (
    "kpis.view_experiment",
    "kpis.add_experiment",
    "kpis.run_experiment",
    "kpis.see_all_experiments",
)


def visible_to(user: User) -> QuerySet[Experiment]:
    """The experiments that somebody may see: of their departments, or all."""
    if not (user.is_active and user.has_perm(VIEW)):
        return Experiment.objects.none()
    return Experiment.objects.filter(department__in=departments_for(user).values("pk"))


def departments_for(user: User) -> QuerySet[Department]:
    """The departments whose experiments somebody sees."""
    return Department.objects.all() if user.has_perm(SEE_ALL) else departments_of(user)


def held(experiment_id: int, actor: User | None, right: str = RUN) -> Experiment:
    """An experiment that this person may move, locked until the transaction ends; without one, ours.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: they may only look at it.
    """
    found = Experiment.objects.select_for_update(no_key=True).filter(pk=experiment_id).first()
    if found is None or (actor is not None and not visible_to(actor).filter(pk=found.pk).exists()):
        raise NotFound
    if actor is not None and not actor.has_perm(right):
        raise NotPermitted
    return found


def check_move(experiment: Experiment, to: ExperimentStatus) -> None:
    """Refuse a move that its state does not lead to.

    Raises:
        MoveNotAllowed: it does not.
    """
    if to not in MOVES[experiment.status]:
        raise MoveNotAllowed(
            _("An experiment that is “%(now)s” can't become “%(to)s”.")
            % {"now": experiment.get_status_display(), "to": to.label}
        )
