"""What a published ladder says: rungs in the order in which they fire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from feedback.models import Rung as RungRow
from feedback.models import RungAction, Via

DUE = 100  # percent of the target: the moment it is due
WARNING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step: at a share of the target (`percent`), or a time `before` or `after` it is due."""

    action: RungAction
    percent: int | None = None
    after: timedelta | None = None
    in_working_time: bool = True
    before: timedelta | None = None
    recipients: str = ""
    department: int | None = None
    via: str = Via.ALL.value
    approval: str = ""
    note: str = ""
    playbook: int | None = None

    @property
    def order(self) -> tuple[int, timedelta]:
        """Where it stands in a list: by its share, then before the due time, then after it."""
        if self.percent is not None:
            return (self.percent, WARNING)
        return (DUE - 1, -self.before) if self.before is not None else (DUE, self.after or WARNING)

    @property
    def is_warning(self) -> bool:
        """Whether it fires before the target is due."""
        return self.before is not None or (self.percent is not None and self.percent < DUE)

    @property
    def when(self) -> dict[str, float]:
        """When it fires, as it is kept with what it did: a share in percent, or seconds before or after."""
        if self.percent is not None:
            return {"percent": self.percent}
        if self.before is not None:
            return {"before": self.before.total_seconds()}
        return {"after": (self.after or WARNING).total_seconds()}

    def place(self, work: timedelta) -> timedelta:
        """How much of the time of a target of `work` has passed when it fires, as far as its order goes."""
        if self.percent is not None:
            return work * self.percent / 100
        if self.before is not None:
            return max(work - self.before, WARNING)
        return work + (self.after or WARNING)


def in_order(rungs: Iterable[Rung], work: timedelta) -> tuple[Rung, ...]:
    """Put rungs in the order in which they fire on a clock with a target of `work`."""
    return tuple(sorted(rungs, key=lambda rung: rung.place(work)))


def write(rows: Iterable[RungRow]) -> dict[str, Any]:
    """Give the content of a ladder's version."""
    rungs = sorted((_rung(row) for row in rows), key=lambda rung: rung.order)
    return {"rungs": [_json(rung) for rung in rungs]}


def read(content: Mapping[str, Any]) -> tuple[Rung, ...]:
    """Read the content of a ladder's version."""
    return tuple(
        Rung(
            action=RungAction(item["action"]),
            percent=item.get("percent"),
            after=_time(item.get("after")),
            in_working_time=item.get("in_working_time", True),
            before=_time(item.get("before")),
            **{name: item[name] for name in OPTIONS if name in item},
        )
        for item in content["rungs"]
    )


def _time(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds is not None else None


OPTIONS = ("recipients", "department", "via", "approval", "note", "playbook")
"""What is left out of a version where it is as usual."""


def _rung(row: RungRow) -> Rung:
    return Rung(
        RungAction(row.action),
        row.percent,
        row.after,
        row.in_working_time,
        row.before,
        row.recipients,
        row.department_id,
        row.via,
        row.approval,
        row.note,
        row.playbook_id,
    )


def _json(rung: Rung) -> dict[str, Any]:
    usual = Rung(rung.action)
    options = {name: value for name in OPTIONS if (value := getattr(rung, name)) != getattr(usual, name)}
    if rung.percent is not None:
        return {"percent": rung.percent, "action": rung.action.value, **options}
    return {
        **rung.when,
        "in_working_time": rung.in_working_time,
        "action": rung.action.value,
        **options,
    }
