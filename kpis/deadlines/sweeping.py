"""The clock of what has a due day: each rung is fired once, on record, and told by letters.

Letters leave through the outbox. They name a thing by its number: what it says stays in the house.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise

from config.common.events import record
from config.common.mail import tell_staff
from config.common.models import User
from kpis.deadlines.rules import ends_at, ladder
from kpis.models import Step

LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A kind of thing with a due day. Its model has `due_on` and `warn_at`, and its rungs as `rungs`.

    `name` begins its events and the keys of its letters; `since` is when its time began; `place` tells
    apart the rungs of one thing beside their day and step.
    """

    name: str
    model: Any
    is_running: Callable[[Any], bool]
    since: Callable[[Any], datetime]
    people: Callable[[Any, Step], list[User]]
    page: Callable[[Any], str]
    titles: Mapping[Step, Promise]
    place: Callable[[Any], dict[str, Any]] = lambda _one: {}

    def rungs_of(self, one: Any) -> list[tuple[Step, datetime]]:
        """When each of its rungs is due; none where it has no due day."""
        return ladder(self.since(one), ends_at(one.due_on)) if one.due_on else []

    def next_at(self, one: Any, at: datetime) -> datetime | None:
        """When its ladder has to be looked at next, for a due day that was set just now."""
        return min((due for _step, due in self.rungs_of(one) if due >= at), default=None)

    @transaction.atomic
    def sweep(self, *, at: datetime) -> int:
        """Fire the rungs that are due; gives how many. Two sweeps at once share the work."""
        due = list(
            self.model.objects.filter(warn_at__lte=at)
            .order_by("warn_at")
            .select_for_update(skip_locked=True, no_key=True)[:LIMIT]
        )
        fired = 0
        for one in due:
            is_running = self.is_running(one)
            if is_running:
                fired += self._fire(one, at)
            rest = [when for _step, when in self.rungs_of(one) if when > at]
            one.warn_at = min(rest, default=None) if is_running else None
            one.save(update_fields=["warn_at"])
        return fired

    def _fire(self, one: Any, at: datetime) -> int:
        place = {**self.place(one), "due_on": one.due_on}
        known = set(one.rungs.filter(**place).values_list("step", flat=True))
        due = [step for step, when in self.rungs_of(one) if when <= at and step not in known]
        told = self._told(one, due, at)
        for step in due:
            people = told[step]
            one.rungs.create(**place, step=step, fired_at=at, told=len(people))
            record(f"{self.name}.rung", one, actor=None, at=at, step=step, told=[user.pk for user in people])
            key = ":".join(str(part) for part in [*place.values(), step])
            self.tell(one, people, key, self.titles[step], at)
        return len(due)

    def _told(self, one: Any, due: list[Step], at: datetime) -> dict[Step, list[User]]:
        """Who is told at each of the rungs due at one moment: everybody once, of the last that is theirs.

        Several are due where the day was put nearer, or nobody swept for a while. That a day is soon over is
        not told when it is.
        """
        told: dict[Step, list[User]] = {}
        known: set[int] = set()
        for step in reversed(due):
            is_passed = step == Step.WARNING and at >= ends_at(one.due_on)
            people = [] if is_passed else self.people(one, step)
            told[step] = [user for user in people if user.pk not in known]
            known |= {user.pk for user in people}
        return told

    def tell(self, one: Any, people: Iterable[User], key: str, title: Promise, at: datetime) -> None:
        """Write to some people about one thing, each once for a key."""
        write(
            people,
            key=f"{self.name}:{one.pk}:{key}",
            title=title,
            words={"number": one.pk, "due": one.due_on},
            page=self.page(one),
            at=at,
        )


def write(
    people: Iterable[User],
    *,
    key: str,
    title: Promise,
    words: Mapping[str, int | str | date | None],
    page: str,
    at: datetime,
) -> None:
    """Write a line and an address to some people by the outbox, each once for a key."""
    with translation.override(settings.LANGUAGE_CODE):
        subject = str(title) % words
    for user in people:
        tell_staff(
            user=user,
            key=f"{key}:{user.pk}",
            subject=subject,
            body=f"{subject}\n\n{settings.PUBLIC_URL}{page}",
            at=at,
        )
