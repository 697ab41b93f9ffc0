"""The agenda of a meeting, from the numbers as they stand when it begins.

Codes and numbers only, as in reports: no title and no name of anybody, so that it can be kept. It is about
the whole company and the departments that the members stand for. Nothing is reckoned a second time.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Q
from django.utils.translation import override

from feedback.gaps import hot_spots
from feedback.models import Aspect
from kpis.models import (
    AlertKind,
    Dimension,
    FigureAlert,
    Grain,
    Improvement,
    Meeting,
    Resolve,
    TopicKind,
)
from kpis.models.alert import ABOUT_GOALS
from kpis.models.improvement import WORKED
from kpis.reports.content import KEPT_IN
from kpis.snapshots.calendar import period_of
from kpis.snapshots.queries import WHOLE, Slice
from kpis.targets.goals import Goals, Place
from kpis.targets.queries import Period, Standing, judge, running
from kpis.targets.rules import State
from kpis.task_force.rules import Found

SPOTS = 50


def gather(meeting: Meeting, *, today: date) -> list[Found]:
    """Everything that may come on a meeting's agenda on a day."""
    stands_for = set(meeting.task_force.members.values_list("department", flat=True))
    goals = list(_goals(stands_for, today))
    known = {(one.metric.code.value, *one.period.place) for one in goals}
    return [
        *_decisions(meeting, today),
        *(_goal(one) for one in goals),
        *_alerts(stands_for, known),
        *_spots(stands_for, today),
        *_improvements(stands_for, today),
    ]


def _decisions(meeting: Meeting, today: date) -> Iterator[Found]:
    """What the task force decided before and is not done, the soonest due first."""
    found = Resolve.objects.filter(meeting__task_force=meeting.task_force_id, done_at=None)
    for pk, due_on in found.order_by("due_on", "pk").values_list("pk", "due_on"):
        late = (today - due_on).days
        yield Found(TopicKind.DECISION, late, {"id": pk, "due": f"{due_on}", "late": max(0, late)})


def _goals(stands_for: set[int], today: date) -> Iterator[Standing]:
    """Goals that the period that runs will surely miss, or the last one missed, unless this one is on course.

    Departments by goals of their own. Of a figure with goals for several lengths each is told.
    """
    goals = Goals()
    slices = [WHOLE, *(Slice(Dimension.DEPARTMENT, (str(pk),)) for pk in sorted(stands_for))]
    now = {_which(one): one for one in running(slices, goals, today=today)}
    over = []
    for one in now.values():
        first, last = period_of(one.period.first - timedelta(1), one.period.grain)
        over.append(Period(one.period.code, one.period.of, one.period.grain, first, last))
    before = {_which(one): one for one in judge(over, goals, today=today)}
    for which, one in now.items():
        if one.is_inherited:
            continue
        last_one = before.get(which)
        if one.will_miss:
            yield one
        elif last_one and last_one.state == State.MISSED and one.state != State.OPEN:
            yield last_one


def _which(one: Standing) -> tuple[str, Place, Grain]:
    return one.metric.code.value, one.period.place, one.period.grain


def _goal(one: Standing) -> Found:
    dimension, key = one.period.place
    is_over = one.state == State.MISSED
    told = one.figure if is_over or one.forecast is None else one.forecast
    numbers = {
        "kind": (AlertKind.MISSED if is_over else AlertKind.EXPECTED).value,
        "metric": one.metric.code.value,
        "dimension": f"{dimension}",
        "key": key,
        "grain": one.period.grain.value,
        "first": f"{one.period.first}",
        "last": f"{one.period.last}",
        "value": told.value,
        "against": one.goal.value,
        "n": told.n,
    }
    return Found(TopicKind.GOAL, 0.0 if one.attainment is None else 100 - one.attainment, numbers)


def _alerts(stands_for: set[int], known: set[tuple[str, str, str]]) -> Iterator[Found]:
    """What is open for the worse, the newest first; not what a goal on the agenda tells already."""
    places = Q(dimension=Dimension.DEPARTMENT, key__in=[str(pk) for pk in stands_for])
    found = FigureAlert.objects.filter(
        places | ~Q(dimension__in=[Dimension.DEPARTMENT, Dimension.AGENT]),
        closed_at=None, acknowledged_at=None, is_worse=True,
    )  # fmt: skip
    for one in found.order_by("-found_at", "-pk"):
        if one.kind in ABOUT_GOALS and (one.metric, one.dimension, one.key) in known:
            continue
        numbers = {
            "id": one.pk, "kind": one.kind, "metric": one.metric, "dimension": one.dimension, "key": one.key,
            "first": f"{one.first}", "last": f"{one.last}", "value": one.value, "against": one.against,
            "n": one.n,
        }  # fmt: skip
        yield Found(TopicKind.ALERT, one.last.toordinal(), numbers)


def _spots(stands_for: set[int], today: date) -> Iterator[Found]:
    """Where gaps are surely more frequent than usual in the last week that has sums."""
    yesterday = today - timedelta(1)
    departments = {str(pk) for pk in stands_for}
    with override(KEPT_IN):
        for aspect in Aspect:
            until = hot_spots.latest_week(aspect, yesterday)
            if until <= yesterday - timedelta(hot_spots.WEEK):
                continue
            for one in hot_spots.search(aspect, until=until, limit=SPOTS).grown:
                if one.by == "department" and one.value not in departments:
                    continue
                numbers = {
                    "aspect": one.aspect, "by": one.by, "value": one.value, "name": one.name,
                    "until": f"{until}", "gaps": one.counts.gaps, "n": one.counts.n, "rate": one.rate.value,
                    "usual": one.usual.value,
                }  # fmt: skip
                yield Found(TopicKind.SPOT, -one.chance, numbers)


def _improvements(stands_for: set[int], today: date) -> Iterator[Found]:
    """Those of the departments that should be carried out by now, the longest late first."""
    found = Improvement.objects.filter(department__in=stands_for, status__in=WORKED, due_on__lt=today)
    for one in found.order_by("due_on", "pk").defer("problem"):
        late = (today - one.due_on).days if one.due_on else 0
        numbers = {"id": one.pk, "due": f"{one.due_on}", "late": late, "status": one.status}
        yield Found(TopicKind.IMPROVEMENT, late, numbers)
