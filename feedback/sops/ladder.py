"""What a published ladder says: rungs in the order in which they fire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from feedback.models import Rung as RungRow
from feedback.models import RungAction

DUE = 100  # percent of the target: the moment it is due
WARNING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step: at a share of the target (`percent`), or `after` it was due."""

    action: RungAction
    percent: int | None = None
    after: timedelta | None = None
    in_working_time: bool = True

    @property
    def order(self) -> tuple[int, timedelta]:
        """Where it stands among the rungs: those before the due time, at it, after it."""
        return (self.percent, WARNING) if self.percent is not None else (DUE, self.after or WARNING)


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
            after=timedelta(seconds=item["after"]) if "after" in item else None,
            in_working_time=item.get("in_working_time", True),
        )
        for item in content["rungs"]
    )


def _rung(row: RungRow) -> Rung:
    return Rung(RungAction(row.action), row.percent, row.after, row.in_working_time)


def _json(rung: Rung) -> dict[str, Any]:
    if rung.percent is not None:
        return {"percent": rung.percent, "action": rung.action.value}
    return {
        "after": rung.after.total_seconds() if rung.after else 0,
        "in_working_time": rung.in_working_time,
        "action": rung.action.value,
    }
