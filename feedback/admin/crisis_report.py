"""What a report says, for people: moments, minutes, events in words; as rows of a file too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from compensation.models import Product, Tier
from config.common.models import User
from config.common.money import yuan_from_fen
from config.common.sheets import Row
from feedback.crises import words
from feedback.crises.report import Attained, attained
from feedback.models import CaseKind, Channel, Crisis, CrisisBy, GapKind, Language, Priority, VoiceAspect
from feedback.models.crisis import PARTS

MOMENTS: dict[str, str | Promise] = {
    "began": gettext_lazy("first case"),
    "found": gettext_lazy("found"),
    "opened": pgettext_lazy("crisis", "opened"),
    "statement": gettext_lazy("statement published"),
    "contained": pgettext_lazy("crisis", "contained"),
    "ended": pgettext_lazy("crisis", "all clear"),
}
EVENTS: dict[str, Promise] = {
    "crisis.proposed": gettext_lazy("proposed by the watch"),
    "crisis.opened": gettext_lazy("opened the crisis"),
    "crisis.changed": gettext_lazy("changed how it is worked on"),
    "crisis.dismissed": gettext_lazy("said that it is none"),
    "crisis.joined": gettext_lazy("%(cases)s cases joined"),
    "crisis.statement_written": gettext_lazy("wrote version %(number)s of the statement"),
    "crisis.statement_published": gettext_lazy("published version %(number)s of the statement"),
    "crisis.statement_taken_down": gettext_lazy("took down version %(number)s of the statement"),
    "crisis.answered": gettext_lazy("answered %(cases)s cases"),
    "crisis.resolved": gettext_lazy("had %(cases)s cases resolved"),
    "crisis.batch_begun": gettext_lazy("began a batch for %(members)s members"),
    "crisis.contained": gettext_lazy("said that it is contained"),
    "crisis.went_on": gettext_lazy("said that it is not contained after all"),
    "crisis.calm": gettext_lazy("no more came than usual for a day"),
    "crisis.closed": gettext_lazy("gave the all-clear"),
    "crisis.learned": gettext_lazy("wrote down what was learned"),
}
LABELS: dict[str, dict[Any, Any]] = {
    "kinds": dict(CaseKind.choices),
    "channels": dict(Channel.choices),
    "priorities": dict(Priority.choices),
    "languages": dict(Language.choices),
    "aspects": dict(VoiceAspect.choices),
    "gap_kinds": dict(GapKind.choices),
}


@dataclass(frozen=True, slots=True)
class Told:
    """The figures of a report as people read them."""

    moments: list[tuple[str, datetime | None, int | None]]
    inside: Attained
    outside: Attained
    kinds: list[tuple[str, int]]
    channels: list[tuple[str, int]]


def told(figures: dict[str, Any]) -> Told:
    """The figures with their names, moments in the site's time."""
    return Told(
        [
            (str(label), _moment(figures["moments"].get(name)), figures["minutes"].get(name))
            for name, label in MOMENTS.items()
        ],
        attained(figures["inside"]),
        attained(figures["outside"]),
        _named(figures["kinds"], CaseKind),
        _named(figures["channels"], Channel),
    )


def _moment(text: str | None) -> datetime | None:
    return timezone.localtime(datetime.fromisoformat(text)) if text else None


def _named(counts: dict[str, int], choices: Any) -> list[tuple[str, int]]:
    return [(str(choices(code).label), n) for code, n in counts.items()]


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the timeline."""

    at: datetime | None
    who: str
    what: str


def timeline(figures: dict[str, Any]) -> list[Happened]:
    """What happened, in words, the first first. One query for the names."""
    rows = figures["timeline"]
    actors = {int(who.partition(":")[2]) for _at, _kind, who, _data in rows if who.startswith("user:")}
    names = {f"user:{one.pk}": str(one) for one in User.objects.filter(pk__in=actors)}
    return [
        Happened(_moment(at), names.get(who, str(_("Huiyin"))), _said(kind, data))
        for at, kind, who, data in rows
    ]


def _said(kind: str, data: dict[str, Any]) -> str:
    if kind not in EVENTS:
        return kind
    known = {"cases": 0, "number": 0, "members": 0, **data}
    return str(EVENTS[kind]) % known


def also(crisis: Crisis) -> list[tuple[str, str, int, float]]:
    """What else stood out at the same look: kind, name, how many, how many were expected."""
    rows = crisis.evidence.get("also", [])
    names = words.names_of((by, value) for by, value, _seen, _expected in rows)
    return [(str(CrisisBy(by).label), names[by, value], seen, expected) for by, value, seen, expected in rows]


def conditions(crisis: Crisis) -> list[tuple[str, str]]:
    """Which cases belong to it, in words."""
    told_parts = []
    for name in PARTS:
        values = getattr(crisis, name)
        if not values:
            continue
        if name == "products":
            said = [str(one) for one in Product.objects.filter(pk__in=values)]
        elif name == "tiers":
            said = [str(one) for one in Tier.objects.filter(code__in=values)]
        else:
            said = [str(LABELS.get(name, {}).get(value, value)) for value in values]
        told_parts.append((str(Crisis._meta.get_field(name).verbose_name), _(", ").join(said)))  # type: ignore[union-attr]  # a column
    return told_parts


def rows(crisis: Crisis, figures: dict[str, Any]) -> Iterator[Row]:
    """The report as rows of a file: what it is of, what, the value."""
    said = told(figures)
    yield _("crisis"), _("name"), crisis.name
    yield _("crisis"), _("what it was"), crisis.cause
    yield _("crisis"), _("what we learned"), crisis.lessons
    for label, moment, minutes in said.moments:
        yield _("moment"), label, moment
        if minutes is not None:
            yield _("minutes since the first case"), label, minutes
    for name, counted in COUNTED.items():
        yield _("cases"), str(counted), figures["counted"].get(name, 0)
    for place, part in ((_("inside"), said.inside), (_("outside"), said.outside)):
        yield _("clocks in time"), place, f"{part.met}/{part.decided}"
    yield _("remedies"), _("cost (yuan)"), yuan_from_fen(figures["cost_fen"])
    for label, n in (*said.kinds, *said.channels):
        yield _("cases"), label, n
    for hour, n in figures["hours"]:
        yield _("cases by hour"), _moment(hour), n
    for happened in timeline(figures):
        yield happened.at, happened.who, happened.what


COUNTED: dict[str, Promise] = {
    "cases": gettext_lazy("cases in all"),
    "members": gettext_lazy("members"),
    "by_hand": gettext_lazy("put in by hand"),
    "taken_out": gettext_lazy("taken out"),
    "answered": gettext_lazy("answered automatically"),
    "resolved": gettext_lazy("resolved"),
}
