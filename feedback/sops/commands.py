"""Publishing the SOP: what was edited becomes a numbered version that clocks run by."""

from datetime import datetime

from django.db import models, transaction

from config.common.events import record
from config.common.models import User
from feedback.models import (
    Calendar,
    CalendarVersion,
    Ladder,
    LadderVersion,
    Policy,
    PolicyVersion,
)
from feedback.sops import ladder as ladders
from feedback.sops import rules, validation
from feedback.sops.calendar import WorkCalendar


@transaction.atomic
def publish_calendar(*, calendar: Calendar, actor: User | None, at: datetime) -> CalendarVersion:
    """Put a calendar as it is stored in force; gives the version in force when nothing changed.

    Raises:
        CalendarError: it is not well formed.
    """
    row = Calendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
    content = WorkCalendar.from_json(row.content).to_json()
    last = row.versions.order_by("-number").first()
    if last and last.content == content:
        return last
    version = CalendarVersion.objects.create(
        calendar=row, number=_after(last), content=content, published_at=at
    )
    _say("calendar.published", row, version.number, actor, at)
    return version


@transaction.atomic
def publish_ladder(*, ladder: Ladder, actor: User | None, at: datetime) -> LadderVersion:
    """Put a ladder as it is stored in force; gives the version in force when nothing changed.

    Raises:
        Invalid: its rungs make no sense.
    """
    row = Ladder.objects.select_for_update(no_key=True).get(pk=ladder.pk)
    content = ladders.write(row.rungs.all())
    validation.check_rungs(ladders.read(content))
    last = row.versions.order_by("-number").first()
    if last and last.content == content:
        return last
    version = LadderVersion.objects.create(ladder=row, number=_after(last), content=content, published_at=at)
    _say("ladder.published", row, version.number, actor, at)
    return version


@transaction.atomic
def publish_policy(*, policy: Policy, actor: User | None, at: datetime) -> PolicyVersion:
    """Put a policy as it is stored in force; gives the version in force when nothing changed.

    The calendars and ladders that it names and that were never published are published with it.

    Raises:
        Invalid: the policy, or such a calendar or ladder, is not well formed.
    """
    row = Policy.objects.select_for_update(no_key=True).get(pk=policy.pk)
    targets = list(row.targets.select_related("calendar", "ladder"))
    validation.check_policy(row)
    for target in targets:
        if target.calendar and not target.calendar.versions.exists():
            publish_calendar(calendar=target.calendar, actor=actor, at=at)
        if target.ladder and not target.ladder.versions.exists():
            publish_ladder(ladder=target.ladder, actor=actor, at=at)
    content = rules.write(row, targets)
    last = row.versions.order_by("-number").first()
    if last and rules.read(0, last.content) == rules.read(0, content):
        return last
    version = PolicyVersion.objects.create(policy=row, number=_after(last), content=content, published_at=at)
    _say("policy.published", row, version.number, actor, at)
    return version


def _after(last: CalendarVersion | LadderVersion | PolicyVersion | None) -> int:
    return last.number + 1 if last else 1


def _say(kind: str, row: models.Model, number: int, actor: User | None, at: datetime) -> None:
    record(kind, row, actor=actor, at=at, version=number)
