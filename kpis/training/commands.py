"""Trainings from the plan to attendance: planned, changed, people put in and out, cancelled, held."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted, Taken
from config.common.events import record
from config.common.models import User
from feedback.models import Department
from kpis.deadlines.given import coming_day, day_of, text_of
from kpis.metrics.catalogue import METRICS
from kpis.models import (
    Appraisal,
    Dimension,
    MetricCode,
    Presence,
    Training,
    TrainingPlace,
    TrainingState,
)
from kpis.models.training import ADDRESS, LONGEST, MOST_WEEKS, NAMED, SHORTEST, WORDS
from kpis.training import telling
from kpis.training.held import held, learners, may_plan_in, planned, trainers
from kpis.training.telling import tell

MOST = 200
MOST_POINTS = 100
is_address = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a training is about, who gives it, when and where, and over how long it is judged."""

    title: str
    metric: str
    trainer: User
    starts_at: datetime
    minutes: int = 60
    place: str = ""
    link: str = ""
    notes: str = ""
    material: str = ""
    weeks: int = 4


@dataclass(frozen=True, slots=True)
class Need:
    """What shows that it has to be learned, as kpis.appraisals.lacking names it, in whose month."""

    kind: str
    code: str
    name: str
    appraisal: Appraisal


@dataclass(frozen=True, slots=True)
class Noted:
    """Whether somebody was there, and how their test went, of 100."""

    presence: str
    score: int | None = None


TOLD = {"title", "trainer", "starts_at", "minutes", "place", "link"}
"""Those in it are told when one of these is changed."""


def measured() -> list[MetricCode]:
    """The figures that are told apart by agent."""
    return [code for code, metric in METRICS.items() if Dimension.AGENT in metric.dimensions]


@transaction.atomic
def plan(
    *,
    department: Department,
    about: About,
    agents: Collection[int] = (),
    need: Need | None = None,
    actor: User | None,
    at: datetime,
) -> Training:
    """Plan a training and put agents in: the one whose need it answers, and those named. They are told.

    Raises:
        NotPermitted: without the right, or not in this department.
        Invalid: it makes no sense, is past, or somebody named is no active agent of the department.
    """
    if actor is not None and not may_plan_in(actor, department.pk):
        raise NotPermitted
    coming_day(day_of(about.starts_at), at, "starts_at")
    made = Training(department=department)
    if need is not None:
        made.need_kind, made.need_code, made.need_name = need.kind, need.code, need.name
    _say(made, about)
    made.save(force_insert=True)
    record("training.planned", made, actor=actor, at=at, starts=f"{made.starts_at.isoformat()}")
    whose = need.appraisal.agent_id if need else None
    for agent_id in sorted({*agents, *([whose] if whose else [])}):
        _put(made, agent_id, need.appraisal if need and agent_id == whose else None, actor, at)
    if made.trainer_id != (actor and actor.pk):
        tell(made, [made.trainer], "give", telling.GIVE, at)
    return made


@transaction.atomic
def change(*, training_id: int, about: About, actor: User | None, at: datetime) -> Training:
    """Say anew what a planned training is about; who is in it is told of another time, place or subject.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `planned`.
        Invalid: it makes no sense, or is put to a time that is past.
    """
    found = planned(training_id, actor)
    before = {one.name: getattr(found, one.name) for one in fields(About)}
    told_before = telling.everybody(found)
    if about.starts_at != found.starts_at:
        coming_day(day_of(about.starts_at), at, "starts_at")
    _say(found, about)
    changed = sorted(name for name, value in before.items() if getattr(found, name) != value)
    if found.places.filter(agent__user=found.trainer_id).exists():
        raise Invalid(_("Who gives a training is not in it."), field="trainer")
    if not changed:
        return found
    found.changes += 1
    found.save(update_fields=[*changed, "changes"])
    record("training.changed", found, actor=actor, at=at, what=changed)
    if TOLD & set(changed):
        people = {user.pk: user for user in [*told_before, found.trainer] if user.pk != (actor and actor.pk)}
        tell(found, people.values(), f"changed:{found.changes}", telling.CHANGED, at)
    return found


@transaction.atomic
def put_in(
    *,
    training_id: int,
    agent_ids: Collection[int],
    appraisal: Appraisal | None = None,
    actor: User | None,
    at: datetime,
) -> Training:
    """Put agents into a planned training, all or none: by hand, or for a need that a month of theirs showed.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `planned`.
        Invalid: nobody, no active agent of the department, the trainer, or the month is another's.
        Taken: one of them is in it.
    """
    found = planned(training_id, actor)
    if not agent_ids:
        raise Invalid(_("Choose an active agent of this department."), field="agents")
    for agent_id in sorted(set(agent_ids)):
        _put(found, agent_id, appraisal, actor, at)
    return found


@transaction.atomic
def take_out(*, training_id: int, agent_id: int, actor: User | None, at: datetime) -> Training:
    """Take an agent out of a planned training; they are told.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `planned`; NotFound also where they are not in it.
    """
    found = planned(training_id, actor)
    one = found.places.select_related("agent__user").filter(agent=agent_id).first()
    if one is None:
        raise NotFound
    number, user = one.pk, one.agent.user
    one.delete()
    record("training.out", found, actor=actor, at=at, agent=agent_id)
    tell(found, [user], f"out:{number}", telling.OUT, at)
    return found


@transaction.atomic
def cancel(*, training_id: int, reason: str, actor: User | None, at: datetime) -> Training:
    """Cancel a planned training, with the reason; everybody in it and who gives it is told.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `planned`.
        Invalid: no reason, or too long.
    """
    found = planned(training_id, actor)
    found.reason = text_of(reason, WORDS, "reason")
    found.state, found.ended_at = TrainingState.CANCELLED, at
    found.save(update_fields=["reason", "state", "ended_at"])
    record("training.cancelled", found, actor=actor, at=at)
    people = [user for user in telling.everybody(found) if user.pk != (actor and actor.pk)]
    tell(found, people, "cancelled", telling.CANCELLED, at)
    return found


@transaction.atomic
def hold(*, training_id: int, attendance: Mapping[int, Noted], actor: User | None, at: datetime) -> Training:
    """Note that it was held, and who was there, of everybody in it; with whom they are compared is fixed.

    Whoever gives it may do so as well as whoever plans it, but nobody who is in it.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `planned`; MoveNotAllowed also before its day, NotFound
            also where somebody named is not in it.
        Invalid: not all are noted, nobody was there, or a test makes no sense.
    """
    found = planned(training_id, actor, needs_plan=False)
    if day_of(at) < day_of(found.starts_at):
        raise MoveNotAllowed(_("Attendance is noted from its day on."))
    places = list(found.places.order_by("agent"))
    known = {one.agent_id for one in places}
    if attendance.keys() - known:
        raise NotFound
    if known - attendance.keys():
        raise Invalid(_("Say of everybody whether they were there."))
    present = {key for key, noted in attendance.items() if noted.presence == Presence.PRESENT}
    if not present:
        raise Invalid(_("Nobody was there: then cancel it."))
    found.state, found.ended_at = TrainingState.HELD, at
    colleagues = learners(found.department).exclude(pk__in=present).exclude(user=found.trainer_id)
    found.others = sorted(colleagues.values_list("pk", flat=True))
    found.save(update_fields=["state", "ended_at", "others"])
    for one in places:
        _note(one, attendance[one.agent_id])
    record("training.held", found, actor=actor, at=at, there=sorted(present))
    return found


@transaction.atomic
def note(*, training_id: int, attendance: Mapping[int, Noted], actor: User | None, at: datetime) -> Training:
    """Correct who was there of a training that was held, or note tests later; of some or all in it.

    Raises:
        NotFound, NotPermitted: see `held`; NotFound also where somebody named is not in it.
        MoveNotAllowed: it was not held.
        Invalid: nobody would have been there, or a test makes no sense.
    """
    found = held(training_id, actor, needs_plan=False)
    if found.state != TrainingState.HELD:
        raise MoveNotAllowed(_("Attendance is corrected once it was held."))
    places = {one.agent_id: one for one in found.places.order_by("agent")}
    if attendance.keys() - places.keys():
        raise NotFound
    known = {key: Noted(one.presence, one.score) for key, one in places.items()}
    changed = {key: noted for key, noted in attendance.items() if noted != known[key]}
    if not changed:
        return found
    for key, noted in sorted(changed.items()):
        _note(places[key], noted)
    present = {key for key, one in places.items() if one.presence == Presence.PRESENT}
    if not present:
        raise Invalid(_("Somebody was there."))
    found.others = sorted(({*found.others} | (places.keys() & changed.keys())) - present)
    found.save(update_fields=["others"])
    told = {key: [*_plain(known[key]), *_plain(noted)] for key, noted in sorted(changed.items())}
    record("training.noted", found, actor=actor, at=at, changed=told)
    return found


def _plain(noted: Noted) -> tuple[str, int | None]:
    return noted.presence, noted.score


def _say(training: Training, about: About) -> None:
    """Put down what it is about, as far as it makes sense.

    Raises:
        Invalid: it does not.
    """
    if about.metric not in measured():
        raise Invalid(_("Choose a figure that is told apart by agent."), field="metric")
    if not trainers().filter(pk=about.trainer.pk).exists():
        raise Invalid(_("Choose a colleague who gives it."), field="trainer")
    if not SHORTEST <= about.minutes <= LONGEST:
        raise Invalid(_("It lasts five minutes to ten hours."), field="minutes")
    if not 1 <= about.weeks <= MOST_WEEKS:
        raise Invalid(_("Compare over 1 to 26 weeks."), field="weeks")
    training.title = text_of(about.title, NAMED, "title")
    training.place = text_of(about.place, NAMED, "place", is_needed=False)
    training.notes = text_of(about.notes, WORDS, "notes", is_needed=False)
    training.link, training.material = _address(about.link, "link"), _address(about.material, "material")
    if not (training.place or training.link):
        raise Invalid(_("Say where it is, or give the link to take part."), field="place")
    training.metric, training.trainer = MetricCode(about.metric), about.trainer
    training.starts_at, training.minutes, training.weeks = about.starts_at, about.minutes, about.weeks


def _address(text: str, field: str) -> str:
    text = text_of(text, ADDRESS, field, is_needed=False)
    if text:
        try:
            is_address(text)
        except ValidationError as error:
            raise Invalid(_("This is no address of a page."), field=field) from error
    return text


def _put(
    training: Training, agent_id: int, appraisal: Appraisal | None, actor: User | None, at: datetime
) -> TrainingPlace:
    agent = learners(training.department).filter(pk=agent_id).first()
    if agent is None or (appraisal is not None and appraisal.agent_id != agent.pk):
        raise Invalid(_("Choose an active agent of this department."), field="agents")
    if agent.user_id == training.trainer_id:
        raise Invalid(_("Who gives a training is not in it."), field="agents")
    if training.places.filter(agent=agent).exists():
        raise Taken(_("%(who)s is in it already.") % {"who": agent})
    if training.places.count() >= MOST:
        raise Invalid(_("This is too many."), field="agents")
    made = TrainingPlace.objects.create(training=training, agent=agent, appraisal=appraisal)
    month = f"{appraisal.month:%Y-%m}" if appraisal else None
    record("training.in", training, actor=actor, at=at, agent=agent.pk, need_of=month)
    tell(training, [agent.user], f"in:{made.pk}", telling.COME, at)
    return made


def _note(place: TrainingPlace, noted: Noted) -> None:
    """Write down whether somebody was there.

    Raises:
        Invalid: it can't be, or a test without having been there, or none of 100.
    """
    if noted.presence not in Presence.values or noted.presence == Presence.EXPECTED:
        raise Invalid(_("Say of everybody whether they were there."))
    if noted.score is not None:
        if noted.presence != Presence.PRESENT:
            raise Invalid(_("Only who was there has a test."))
        if not 0 <= noted.score <= MOST_POINTS:
            raise Invalid(_("Points go from 0 to 100."))
    place.presence, place.score = noted.presence, noted.score
    place.save(update_fields=["presence", "score"])
