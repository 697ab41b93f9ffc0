"""What a list of cases is narrowed to and how it is ordered: kept with views, asked for in addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from feedback.models import CaseKind, CaseStatus, Channel, Feeling, Priority, Triage, VoiceAspect

Due = Literal["", "late", "hour", "day"]
DUE: dict[str, tuple[str | Promise, timedelta]] = {
    "late": (_("late"), timedelta()),
    "hour": (_("within the hour"), timedelta(hours=1)),
    "day": (_("within a day"), timedelta(days=1)),
}

Sort = Literal["due", "newest", "oldest", "priority", "waited"]
SORTS: tuple[Sort, ...] = get_args(Sort)
SORT_NAMES: dict[Sort, str | Promise] = {
    "due": _("next due first"),
    "newest": _("newest first"),
    "oldest": _("oldest first"),
    "priority": _("most urgent first"),
    "waited": _("longest without a message first"),
}
KEYS: dict[Sort, tuple[list[str | Combinable], bool]] = {
    "newest": (["opened_at"], True),
    "oldest": (["opened_at"], False),
    "priority": ([0 - F("priority"), "opened_at"], False),
    "waited": ([Coalesce("last_message_at", "opened_at")], False),
}
"""By what each order but the first goes, before the case's number, and whether it goes down."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; empty means any."""

    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    tiers: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()
    agents: tuple[int, ...] = ()
    aspects: tuple[str, ...] = ()
    feelings: tuple[str, ...] = ()
    due: Due = ""

    def condition(self, at: datetime) -> Q:
        """The same as a condition on cases."""
        wanted: dict[str, Any] = {
            "kind__in": self.kinds,
            "channel__in": self.channels,
            "status__in": self.statuses,
            "priority__in": self.priorities,
            "member__tier__in": self.tiers,
            "department__in": self.departments,
            "agent__in": self.agents,
        }
        condition = Q(**{name: values for name, values in wanted.items() if values})
        if self.aspects or self.feelings:
            condition &= Q(Exists(self._read()))
        if self.due:
            condition &= Q(next_due_at__lt=at + DUE[self.due][1])
        return condition

    def _read(self) -> QuerySet[Triage]:
        """What triage has read, of the case that is asked about."""
        rows = Triage.objects.filter(case=OuterRef("pk"))
        if self.aspects:
            rows = rows.filter(aspects__overlap=list(self.aspects))
        return rows.filter(feeling__in=self.feelings) if self.feelings else rows

    def to_json(self) -> dict[str, Any]:
        """As it is kept; what narrows nothing is left out."""
        known = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in known.items() if v}


def filter_from(content: Mapping[str, Any]) -> Filter:
    """The filter that was kept or asked for; what is on no list narrows nothing."""
    due = content.get("due", "")
    return Filter(
        kinds=_known(content.get("kinds"), CaseKind.values),
        channels=_known(content.get("channels"), Channel.values),
        statuses=_known(content.get("statuses"), CaseStatus.values),
        priorities=tuple(one for one in _numbers(content.get("priorities")) if one in Priority.values),
        tiers=_numbers(content.get("tiers")),
        departments=_numbers(content.get("departments")),
        agents=_numbers(content.get("agents")),
        aspects=_known(content.get("aspects"), VoiceAspect.values),
        feelings=_known(content.get("feelings"), Feeling.values),
        due=due if due in DUE else "",
    )


def sort_from(text: object) -> Sort:
    """The order that was kept or asked for, else by due time."""
    return next((sort for sort in SORTS if sort == text), "due")


def _known(values: object, known: list[str]) -> tuple[str, ...]:
    return tuple(one for one in _list(values) if one in known)


def _numbers(values: object) -> tuple[int, ...]:
    plain = [str(one) for one in _list(values)]
    return tuple(int(one) for one in plain if one.isascii() and one.isdecimal() and len(one) <= 18)  # noqa: PLR2004 - a bigint's digits


def _list(values: object) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else []
