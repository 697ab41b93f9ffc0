"""The times at which interviewers are free, and a time as a calendar takes it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.common.errors import Invalid, NotFound, WrongState
from config.common.models import User
from surveys.models import InterviewSlot

MOST, SHORTEST, LONGEST = 40, 10, 240
PLACE = 200


@transaction.atomic
def add(
    *, interviewer: User, starts: Sequence[datetime], minutes: int, place: str = "", at: datetime
) -> list[InterviewSlot]:
    """Offer times of somebody, all as long.

    Raises:
        Invalid: none, too many, past, too short or long, or somebody is not free then.
    """
    if not 0 < len(starts) <= MOST:
        raise Invalid(_("Choose one to forty times."), field="starts")
    if not SHORTEST <= minutes <= LONGEST:
        raise Invalid(_("Choose ten minutes to four hours."), field="minutes")
    if min(starts) <= at or max(starts) > at + timedelta(days=365):
        raise Invalid(_("Choose a time that is to come, within a year."), field="starts")
    rows = [
        InterviewSlot(
            interviewer=interviewer,
            starts_at=start,
            ends_at=start + timedelta(minutes=minutes),
            place=" ".join(place.replace("\x00", "").split())[:PLACE],
        )
        for start in sorted(starts)
    ]
    try:
        with transaction.atomic():
            return InterviewSlot.objects.bulk_create(rows)
    except IntegrityError as error:
        raise Invalid(_("These times overlap with others of the same person."), field="starts") from error


@transaction.atomic
def remove(*, slot_id: int, interviewer: User | None = None) -> None:
    """Offer a time no longer; of somebody, only their own.

    Raises:
        NotFound: there is none.
        WrongState: somebody has chosen it.
    """
    found = InterviewSlot.objects.select_for_update().filter(pk=slot_id)
    if interviewer is not None:
        found = found.filter(interviewer=interviewer)
    slot = found.first()
    if slot is None:
        raise NotFound
    if slot.interview_id is not None:
        raise WrongState(_("Somebody has chosen this time: move the interview first."))
    slot.delete()


def calendar(slot: InterviewSlot, *, title: str, at: datetime) -> str:
    """A time as iCalendar (RFC 5545), for the calendar of whoever chose it."""

    def stamp(moment: datetime) -> str:
        return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")

    def escaped(text: str) -> str:
        for sign in ("\\", ";", ","):
            text = text.replace(sign, f"\\{sign}")
        return text.replace("\r", "").replace("\n", "\\n")

    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Huiyin//interviews//EN",
        "BEGIN:VEVENT",
        f"UID:interview-{slot.interview_id}@huiyin",
        f"DTSTAMP:{stamp(at)}",
        f"DTSTART:{stamp(slot.starts_at)}",
        f"DTEND:{stamp(slot.ends_at)}",
        f"SUMMARY:{escaped(title)}",
        f"LOCATION:{escaped(slot.place)}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _folded(line: str) -> list[str]:
    """A line in parts of at most 75 bytes, none cut within a character."""
    parts: list[str] = []
    part = ""
    for sign in line:
        if len((part + sign).encode()) > 75 - (1 if parts else 0):  # RFC 5545, 3.1
            parts.append(part)
            part = ""
        part += sign
    return [part if place == 0 else f" {part}" for place, part in enumerate([*parts, part])]
