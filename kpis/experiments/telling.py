"""Who is told of experiments: that a guard was harmed, that the split is broken, that one has ended.

Letters leave through the outbox, each once. They name an experiment by its number: what it says stays in the
house.
"""

from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.mail import tell_staff
from config.common.models import User
from kpis.experiments.held import RUN, visible_to
from kpis.experiments.outcomes import OUTCOMES
from kpis.models import Experiment, ExperimentGuard

PAGE = "/admin/experiments/%d/"
BACKEND = "django.contrib.auth.backends.ModelBackend"
HARM = _("Experiment %(number)s does harm: %(guard)s")
SPLIT = _("Experiment %(number)s: the split is broken")
ENDED = _("Experiment %(number)s has ended and waits for a decision")


def tell_harm(experiment: Experiment, guard: ExperimentGuard, *, at: datetime) -> None:
    """Tell that a guard became worse by more than its margin."""
    _tell(experiment, f"harm:{guard.pk}", HARM, at, guard=OUTCOMES[guard.outcome].name)


def tell_split(experiment: Experiment, *, at: datetime) -> None:
    """Tell that members are split otherwise than they should be."""
    _tell(experiment, "split", SPLIT, at)


def tell_ended(experiment: Experiment, *, at: datetime) -> None:
    """Tell that there is something to decide."""
    _tell(experiment, "ended", ENDED, at)


def _people(experiment: Experiment) -> list[User]:
    """Who planned it, and who may stop it."""
    able = User.objects.with_perm(RUN, backend=BACKEND).filter(is_active=True)
    people = {user.pk: user for user in able}
    if experiment.made_by is not None and experiment.made_by.is_active:
        people[experiment.made_by.pk] = experiment.made_by
    return [user for user in people.values() if visible_to(user).filter(pk=experiment.pk).exists()]


def _tell(experiment: Experiment, what: str, title: Promise, at: datetime, **more: object) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        subject = str(title) % {"number": experiment.pk, **more}
    for user in _people(experiment):
        tell_staff(
            user=user,
            key=f"experiment:{experiment.pk}:{what}:{user.pk}",
            subject=subject,
            body=f"{subject}\n\n{settings.PUBLIC_URL}{PAGE % experiment.pk}",
            at=at,
        )
