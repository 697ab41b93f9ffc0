"""Whys and what bears them out, and the tasks of an improvement."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from kpis.deadlines.given import coming_day, text_of
from kpis.improvements import seeing
from kpis.improvements.deadline import tell_task
from kpis.improvements.held import may_change, may_own, open_one, visible_to
from kpis.metrics.catalogue import METRICS
from kpis.models import ROWS, Dimension, Ground, Improvement, ImprovementTask, MetricCode, Why
from kpis.models.metric import KEY

TEXT = 400
DEEPEST = 9
MOST = 200


@transaction.atomic
def add_why(
    *, improvement_id: int, text: str, parent_id: int | None = None, actor: User | None, at: datetime
) -> Why:
    """Answer "why?" about the problem, or about another why of the same improvement.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `open_one`; the other why is not there.
        Invalid: no text, too deep, or too many.
    """
    found = open_one(improvement_id, actor)
    parent = _why(found, parent_id) if parent_id is not None else None
    if parent is not None and _depth(parent) >= DEEPEST:
        raise Invalid(_("The tree is deep enough: name the root cause."), field="text")
    if found.whys.count() >= MOST:
        raise Invalid(_("There are enough of them."), field="text")
    last = found.whys.filter(parent=parent).aggregate(Max("position"))["position__max"] or 0
    why = Why.objects.create(
        improvement=found, parent=parent, text=text_of(text, TEXT, "text"), position=last + 1
    )
    record("improvement.why", found, actor=actor, at=at, why=why.pk)
    return why


@transaction.atomic
def remove_why(*, improvement_id: int, why_id: int, actor: User | None, at: datetime) -> Improvement:
    """Take a why away, with what stands below it.

    Raises:
        NotFound, MoveNotAllowed: see `open_one`; it is not there.
        NotPermitted: see `open_one`; or evidence would go that this person may not read.
    """
    found = open_one(improvement_id, actor)
    why = _why(found, why_id)
    grounds = list(Ground.objects.filter(why__in=_with_below(why)))
    if actor is not None and len(seeing.readable(grounds, actor)) < len(grounds):
        raise NotPermitted(_("It rests on evidence that you may not see."))
    why.delete()
    record("improvement.why_removed", found, actor=actor, at=at, why=why_id)
    return found


@transaction.atomic
def mark_root(
    *, improvement_id: int, why_id: int, is_root: bool, actor: User | None, at: datetime
) -> Improvement:
    """Say that a why is a root cause, or that it is none. The same again changes nothing.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `open_one`; it is not there.
    """
    found = open_one(improvement_id, actor)
    why = _why(found, why_id)
    if why.is_root != is_root:
        why.is_root = is_root
        why.save(update_fields=["is_root"])
        record("improvement.root", found, actor=actor, at=at, why=why.pk, is_root=is_root)
    return found


@transaction.atomic
def add_row(
    *, improvement_id: int, why_id: int, source: str, row_id: int, actor: User | None, at: datetime
) -> Ground:
    """Note that a case, gap, review or need bears a why out. The same again changes nothing.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `open_one`; there is no such row that this person may see.
        Invalid: what it is bears nothing out.
    """
    if source not in ROWS:
        raise Invalid(_("Such a thing bears nothing out."))
    found = open_one(improvement_id, actor)
    why = _why(found, why_id)
    if not seeing.rows(source, actor).filter(pk=row_id).exists():
        raise NotFound
    ground, is_new = Ground.objects.get_or_create(
        **{"why": why, f"{source}_id": row_id}, defaults={"added_at": at, "added_by": actor}
    )
    if is_new:
        record("improvement.evidence", found, actor=actor, at=at, why=why.pk, source=source, row=row_id)
    return ground


@transaction.atomic
def add_figure(
    *,
    improvement_id: int,
    why_id: int,
    metric: str,
    first: date,
    last: date,
    dimension: str = "",
    key: str = "",
    actor: User | None,
    at: datetime,
) -> Ground:
    """Note that a figure over some days bears a why out. The same again changes nothing.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `open_one`; the why is not there.
        Invalid: there is no such figure, this person may not see it, or the days go backwards.
    """
    found = open_one(improvement_id, actor)
    why = _why(found, why_id)
    key = text_of(key, KEY, "key", is_needed=False)
    if metric not in METRICS or (dimension and dimension not in METRICS[MetricCode(metric)].dimensions):
        raise Invalid(_("There is no such figure."), field="metric")
    if not seeing.sees_figure(actor, dimension, key):
        raise Invalid(_("You may not see this figure."), field="key")
    if bool(dimension) != bool(key) or not 0 <= (last - first).days < 366:  # noqa: PLR2004 - a year
        raise Invalid(_("Choose a time of one day up to one year."), field="first")
    ground, is_new = Ground.objects.get_or_create(
        why=why,
        metric=metric,
        dimension=Dimension(dimension).value,
        key=key,
        first=first,
        last=last,
        defaults={"added_at": at, "added_by": actor},
    )
    if is_new:
        record("improvement.evidence", found, actor=actor, at=at, why=why.pk, source="figure", metric=metric)
    return ground


@transaction.atomic
def remove_ground(*, improvement_id: int, ground_id: int, actor: User | None, at: datetime) -> Improvement:
    """Take evidence away that was none.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `open_one`; it is not there, or not for this person.
    """
    found = open_one(improvement_id, actor)
    ground = Ground.objects.filter(pk=ground_id, why__improvement=found).first()
    if ground is None or (actor is not None and not seeing.may_see(ground, actor)):
        raise NotFound
    ground.delete()
    record("improvement.evidence_removed", found, actor=actor, at=at, ground=ground_id)
    return found


@transaction.atomic
def add_task(
    *,
    improvement_id: int,
    text: str,
    owner: User | None = None,
    due_on: date | None = None,
    actor: User | None,
    at: datetime,
) -> ImprovementTask:
    """Say what has to be done, by whom and until when.

    Raises:
        NotFound, NotPermitted, MoveNotAllowed: see `open_one`.
        Invalid: no text, somebody who does not see the improvement, a day that is past, or too many.
    """
    found = open_one(improvement_id, actor)
    if owner is not None and not may_own(found, owner):
        raise Invalid(_("This colleague can't take it on."), field="owner")
    if found.tasks.count() >= MOST:
        raise Invalid(_("There are enough of them."), field="text")
    task = ImprovementTask.objects.create(
        improvement=found,
        text=text_of(text, TEXT, "text"),
        owner=owner,
        due_on=coming_day(due_on, at, "due_on") if due_on else None,
    )
    record("improvement.task", found, actor=actor, at=at, task=task.pk)
    if owner is not None and owner != actor:
        tell_task(found, owner, task.pk, at=at)
    return task


@transaction.atomic
def remove_task(*, improvement_id: int, task_id: int, actor: User | None, at: datetime) -> Improvement:
    """Take a task away that is not done and no longer wanted.

    Raises:
        NotFound, NotPermitted: see `open_one`; it is not there.
        MoveNotAllowed: see `open_one`; or it was done, which stays on record.
    """
    found = open_one(improvement_id, actor)
    task = found.tasks.filter(pk=task_id).first()
    if task is None:
        raise NotFound
    if task.done_at is not None:
        raise MoveNotAllowed(_("It was done: that stays on record."))
    task.delete()
    record("improvement.task_removed", found, actor=actor, at=at, task=task_id)
    return found


@transaction.atomic
def done_task(*, improvement_id: int, task_id: int, actor: User, at: datetime) -> ImprovementTask:
    """Tick a task: whoever may change the improvement, its owner, or whose task it is. Again changes nothing.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: it is somebody else's.
        MoveNotAllowed: the improvement has ended.
    """
    found = open_one(improvement_id, None)
    task = found.tasks.filter(pk=task_id).first()
    if task is None or not visible_to(actor).filter(pk=found.pk).exists():
        raise NotFound
    if actor.pk not in {found.owner_id, task.owner_id} and not may_change(found, actor):
        raise NotPermitted
    if task.done_at is None:
        task.done_at, task.done_by = at, actor
        task.save(update_fields=["done_at", "done_by"])
        record("improvement.task_done", found, actor=actor, at=at, task=task.pk)
    return task


def _why(found: Improvement, why_id: int) -> Why:
    why = found.whys.filter(pk=why_id).first()
    if why is None:
        raise NotFound
    return why


def _with_below(why: Why) -> list[int]:
    """A why and all that stand below it."""
    found, parents = [why.pk], list(why.improvement.whys.values_list("pk", "parent"))
    for one in found:
        found += [pk for pk, parent in parents if parent == one]
    return found


def _depth(why: Why) -> int:
    depth, parents = 1, dict(why.improvement.whys.values_list("pk", "parent"))
    parent = why.parent_id
    while parent is not None and depth <= DEEPEST:
        depth, parent = depth + 1, parents.get(parent)
    return depth
