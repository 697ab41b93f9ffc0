"""What a topic of a meeting says, in the language of the moment, and where it leads whoever may go there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from config.common.decimals import decimals
from config.common.models import User
from feedback.models import Aspect, SpotBy
from kpis.admin import alerts, goals
from kpis.alerts import queries as queries_of_alerts
from kpis.alerts.words import said
from kpis.models import FigureAlert, Grain, ImprovementStatus, MetricCode, Topic, TopicKind
from kpis.task_force.queries import Names, named

SEES_GAPS = "feedback.view_gap"
FIGURES = (TopicKind.GOAL, TopicKind.ALERT)


@dataclass(frozen=True, slots=True)
class Told:
    """A topic in words; `link` is empty for who may not go there, `is_late` where a day is past."""

    topic: Topic
    what: str
    title: str
    sentence: str
    link: str
    is_late: bool = False


def told(topics: Sequence[Topic], user: User) -> list[Told]:
    """An agenda in words, in its order. A number of queries that does not grow with it."""
    told_of = said([_alert(one) for one in topics if one.kind in FIGURES])
    names = named(topics, user)
    ids = [one.numbers["id"] for one in topics if one.kind == TopicKind.ALERT]
    known = set(queries_of_alerts.seen_by(user).filter(pk__in=ids).values_list("pk", flat=True))
    found = []
    for one in topics:
        if one.kind in FIGURES:
            words = told_of[one.pk]
            link = _goal(one, user) if one.kind == TopicKind.GOAL else _alert_link(one, user, known)
            what = words.what if one.kind == TopicKind.GOAL else f"{one.get_kind_display()} · {words.what}"
            found.append(Told(one, what, words.title, words.sentence, link))
        elif one.kind == TopicKind.SPOT:
            found.append(_spot(one, user))
        elif one.kind == TopicKind.DECISION:
            found.append(_decision(one, names))
        else:
            found.append(_improvement(one, names))
    return found


def _alert(topic: Topic) -> FigureAlert:
    """What the numbers of a goal or alert say, as an alert that is never kept."""
    numbers = topic.numbers
    taken = {name: numbers[name] for name in ("kind", "metric", "dimension", "key", "value", "against", "n")}
    days = {name: date.fromisoformat(numbers[name]) for name in ("first", "last")}
    return FigureAlert(pk=topic.pk, **taken, **days)


def _goal(topic: Topic, user: User) -> str:
    if not user.has_perm(goals.SEES):
        return ""
    numbers = topic.numbers
    place = (numbers["dimension"], numbers["key"])
    return goals.address(MetricCode(numbers["metric"]), place, Grain(numbers["grain"]))


def _alert_link(topic: Topic, user: User, known: set[int]) -> str:
    pk = topic.numbers["id"]
    return reverse("admin:figure_alert", args=[pk]) if pk in known and user.has_perm(alerts.SEES) else ""


def _spot(topic: Topic, user: User) -> Told:
    numbers = topic.numbers
    asked = {name: numbers[name] for name in ("aspect", "by", "value", "until")}
    sentence = _("%(gaps)s gaps of %(n)s promises: %(rate)s %%, usual are %(usual)s %%") % {
        "gaps": numbers["gaps"],
        "n": numbers["n"],
        "rate": _share(numbers["rate"]),
        "usual": _share(numbers["usual"]),
    }
    title = f"{Aspect(numbers['aspect']).label} · {SpotBy(numbers['by']).label} · {numbers['name']}"
    link = f"{reverse('admin:hot_spot')}?{urlencode(asked)}" if user.has_perm(SEES_GAPS) else ""
    return Told(topic, topic.get_kind_display(), title, sentence, link)


def _share(share: float | None) -> str:
    return "—" if share is None else decimals(100 * share, 1)


def _decision(topic: Topic, names: Names) -> Told:
    numbers = topic.numbers
    row: Any = names.resolves.get(numbers["id"])
    title = row.text if row else _("Decision %(number)s") % {"number": numbers["id"]}
    link = reverse("admin:task_force_decision", args=[numbers["id"]]) if row else ""
    who = f"{row.owner} · " if row else ""
    return Told(topic, topic.get_kind_display(), title, who + _due(numbers), link, numbers["late"] > 0)


def _improvement(topic: Topic, names: Names) -> Told:
    numbers = topic.numbers
    row: Any = names.improvements.get(numbers["id"])
    title = row.title if row else _("Improvement %(number)s") % {"number": numbers["id"]}
    who = f"{row.department} · {row.owner} · " if row else ""
    status = ImprovementStatus(numbers["status"]).label
    link = reverse("admin:improvement", args=[numbers["id"]]) if row else ""
    return Told(
        topic, topic.get_kind_display(), title, f"{who}{status} · {_due(numbers)}", link, numbers["late"] > 0
    )


def _due(numbers: dict[str, Any]) -> str:
    """Until when, and how many days that was past then."""
    due = _("due %(day)s") % {"day": numbers["due"]}
    if numbers["late"] <= 0:
        return due
    return due + " · " + _("days late: %(days)s") % {"days": numbers["late"]}
