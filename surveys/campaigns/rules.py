"""Which wave a moment belongs to, which moves of a campaign are allowed, and what makes sense in one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from surveys.models import ONLY, TRIGGERED, CampaignState, Occasion, Rhythm

MOVES = {
    CampaignState.DRAFT: {CampaignState.RUNNING},
    CampaignState.RUNNING: {CampaignState.PAUSED, CampaignState.ENDED},
    CampaignState.PAUSED: {CampaignState.RUNNING, CampaignState.ENDED},
    CampaignState.ENDED: set[CampaignState](),
}
MONTHS_OF_A_QUARTER = 3
MONTHS_OF_A_YEAR = 12
NOT_OPEN = frozenset({*TRIGGERED, Occasion.ONCE, Occasion.RECURRING})
ONLY_FOR: Mapping[str, frozenset[str]] = {
    "rhythm": frozenset({Occasion.RECURRING}),
    "delay_hours": frozenset(TRIGGERED),
    **dict.fromkeys(
        (
            "within_days", "segment", "holdout", "rest_days", "is_capped", "waits_for_cases", "channels",
            "remind_days",
        ),
        NOT_OPEN,
    ),
}  # fmt: skip
"""Which fields of a campaign are used by which occasions only; the others by all."""
MOST_HELD = 50
"""Per cent of a campaign that are never asked."""
MOST_REMINDERS = 2


@dataclass(frozen=True, slots=True)
class Round:
    """A wave as it is named, and its time, half-open; without an end it goes on while the campaign does."""

    label: str
    opens_at: datetime
    closes_at: datetime | None


def round_at(
    occasion: str, rhythm: str, *, at: datetime, starts_at: datetime, ends_at: datetime | None, zone: ZoneInfo
) -> Round:
    """The wave of a moment. A campaign that asks once has one; else a month or a quarter is one.

    What members set off and open campaigns have waves by quarter, so that figures are compared.
    """
    if occasion == Occasion.ONCE:
        return Round(ONLY, starts_at, ends_at)
    months = 1 if rhythm == Rhythm.MONTH else MONTHS_OF_A_QUARTER
    local = at.astimezone(zone)
    first = (local.month - 1) // months * months + 1
    opens = datetime(local.year, first, 1, tzinfo=zone)
    after = first + months
    year, month = (local.year, after) if after <= MONTHS_OF_A_YEAR else (local.year + 1, 1)
    closes = datetime(year, month, 1, tzinfo=zone)
    label = f"{local.year}-{first:02}" if months == 1 else f"{local.year}-Q{(first - 1) // months + 1}"
    return Round(label, opens, closes)


def problems(said: Mapping[str, Any]) -> Iterator[tuple[str, str | Promise]]:
    """What makes no sense in a campaign's fields: which, and why. Looks at what is said only."""
    if said.get("occasion") == Occasion.RECURRING and not said.get("rhythm"):
        yield "rhythm", _("Say how often.")
    if said.get("occasion") not in {None, "", Occasion.RECURRING} and said.get("rhythm"):
        yield "rhythm", _("Only what comes again has a rhythm.")
    for name in ("within_days", "valid_days"):
        if said.get(name) == 0:
            yield name, _("It must be at least a day.")
    reminders = said.get("remind_days") or []
    if len(reminders) > MOST_REMINDERS or any(days < 1 for days in reminders):
        yield "remind_days", _("At most two, each a day later or more.")
    elif said.get("valid_days") and reminders and max(reminders) >= said["valid_days"]:
        yield "remind_days", _("By then it can no longer be answered.")
    if (said.get("holdout") or 0) > MOST_HELD:
        yield "holdout", _("At most half are never asked.")
    if said.get("starts_at") and said.get("ends_at") and said["starts_at"] >= said["ends_at"]:
        yield "ends_at", _("It ends before it begins.")


def problem_of_strata(segments: Sequence[object]) -> str | Promise | None:
    """Why nobody could be in one of the strata, whose segments come in order; None takes everyone else."""
    if len(set(segments)) < len(segments):
        return _("A segment stands there twice: nobody is in the second.")
    if None in segments[:-1]:
        return _("What takes everyone else has to stand last.")
    return None
