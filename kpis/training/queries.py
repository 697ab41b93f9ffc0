"""Trainings for screens: lists, what somebody was taught, and what there is to do about a need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from config.common.keyset import Part, part
from config.common.models import User
from feedback.models import Agent, Membership
from feedback.org.queries import department_ids
from kpis.appraisals.lacking import Lack, lacks
from kpis.history import history
from kpis.models import Appraisal, Presence, Training, TrainingPlace, TrainingState
from kpis.training.commands import Need
from kpis.training.held import PLAN, led_by, may_plan_in

HAPPENED = {
    "training.planned": pgettext_lazy("training", "planned"),
    "training.changed": pgettext_lazy("training", "changed"),
    "training.in": pgettext_lazy("training", "somebody put in"),
    "training.out": pgettext_lazy("training", "somebody taken out"),
    "training.cancelled": pgettext_lazy("training", "cancelled"),
    "training.held": pgettext_lazy("training", "held, attendance noted"),
    "training.noted": pgettext_lazy("training", "attendance or test corrected"),
}


def listed(user: User, *, narrow: Mapping[str, Any], after: str, size: int) -> Part[Training]:
    """The trainings that somebody plans or gives, the newest day first, with how many are in each.

    Raises:
        Invalid: `after` is not a cursor that a part gave.
    """
    number = TrainingPlace.objects.filter(training=OuterRef("pk")).order_by().values("training")
    there = number.filter(presence=Presence.PRESENT)
    found = (
        led_by(user)
        .filter(**narrow)
        .select_related("department", "trainer")
        .annotate(
            places_n=Subquery(number.annotate(n=Count("pk")).values("n")),
            there_n=Subquery(there.annotate(n=Count("pk")).values("n")),
        )
    )
    return part(found, "starts_at", after=after, size=size, newest_first=True)


def to_note(user: User) -> QuerySet[Training]:
    """Those of somebody whose time has come and of which nobody has noted who was there."""
    return led_by(user).filter(state=TrainingState.PLANNED, starts_at__lte=timezone.now())


def places_of(training: Training) -> list[TrainingPlace]:
    """Who is in it, by name."""
    found = training.places.select_related("agent__user", "appraisal")
    return list(found.order_by("agent__user__name", "pk"))


def records(agent: Agent, *, limit: int) -> list[TrainingPlace]:
    """What somebody was or will be taught, the newest first."""
    found = TrainingPlace.objects.filter(agent=agent).select_related(
        "training__department", "training__trainer", "appraisal"
    )
    return list(found.order_by("-training__starts_at", "-pk")[:limit])


def given(user: User, *, limit: int) -> list[Training]:
    """What somebody teaches, the newest first."""
    found = Training.objects.filter(trainer=user).select_related("department")
    return list(found.order_by("-starts_at", "-pk")[:limit])


def people(user: User) -> QuerySet[Agent]:
    """The active agents whose records somebody sees, by name, with how often they were taught."""
    if not (user.is_active and user.has_perm(PLAN)):
        return Agent.objects.none()
    mine = Membership.objects.filter(department__in=department_ids(user)).values("agent")
    there = Q(training_places__presence=Presence.PRESENT)
    coming = Q(training_places__training__state=TrainingState.PLANNED)
    return (
        Agent.objects.filter(pk__in=mine, is_active=True, user__is_active=True)
        .select_related("user")
        .annotate(
            taught=Count("training_places", filter=there),
            missed=Count(
                "training_places",
                filter=Q(training_places__presence__in=[Presence.EXCUSED, Presence.ABSENT]),
            ),
            coming=Count("training_places", filter=coming),
            last_at=Max("training_places__training__starts_at", filter=there),
        )
        .order_by("user__name", "pk")
    )


def sees_records(user: User, agent: Agent) -> bool:
    """Whether somebody sees what an agent was taught: their own, or who plans in a department of theirs."""
    if agent.user_id == user.pk:
        return True
    if not (user.is_active and user.has_perm(PLAN)):
        return False
    return agent.memberships.filter(department__in=department_ids(user)).exists()


def history_of(training: Training) -> list[tuple[str, datetime, str]]:
    """What happened to it, the newest first: what, when, and who did it, if somebody did."""
    return history(training, HAPPENED)


@dataclass(frozen=True, slots=True)
class Answer:
    """What there may be to learn, and what is done about it.

    `new` says whether this person may plan a training for it; `into` are planned ones for the same need that
    they may put the agent into; `mine` are those that answer it and have the agent in them.
    """

    lack: Lack
    new: bool
    into: Sequence[Training]
    mine: Sequence[Training]

    @property
    def name(self) -> str:
        """By what an address names the need."""
        return f"{self.lack.kind}:{self.lack.code}"


def answers(user: User, appraisal: Appraisal, found: Sequence[Lack]) -> list[Answer]:
    """The needs that an agent's month showed, each with what is done about it. Two queries."""
    if appraisal.agent is None or not found:
        return []
    may = may_plan_in(user, appraisal.department_id)
    of_it = Training.objects.filter(
        department=appraisal.department_id, need_kind__in={one.kind for one in found}
    ).order_by("starts_at")
    has = set(
        TrainingPlace.objects.filter(agent=appraisal.agent, training__in=of_it).values_list(
            "training", flat=True
        )
    )
    rows = list(of_it.exclude(state=TrainingState.CANCELLED))
    return [
        Answer(
            lack=one,
            new=may,
            into=[each for each in _same(rows, one) if _open(each) and each.pk not in has] if may else [],
            mine=[each for each in _same(rows, one) if each.pk in has],
        )
        for one in found
    ]


def need_of(appraisal: Appraisal, name: str) -> Need | None:
    """The need of an appraisal's month that an address names, if it is one."""
    if appraisal.agent is None:
        return None
    for one in lacks(appraisal.agent, appraisal.month):
        if name == f"{one.kind}:{one.code}":
            return Need(one.kind, one.code, one.name, appraisal)
    return None


def _same(rows: Sequence[Training], lack: Lack) -> list[Training]:
    return [one for one in rows if (one.need_kind, one.need_code) == (lack.kind, lack.code)]


def _open(training: Training) -> bool:
    return training.state == TrainingState.PLANNED
