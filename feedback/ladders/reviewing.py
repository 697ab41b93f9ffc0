"""The sweep's share that is about reviews without a case: their breaches are put on record, people are told.

What a rung does to a case cannot be done to a review, which has neither agent nor priority and goes nowhere.
As with a handoff, whoever would get it is told instead: the department, its leads, the leads above.
"""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from config.common import bulk
from config.common.events import Happening, record_all
from feedback.clocks.rules import Terms
from feedback.ladders import people
from feedback.ladders.people import People
from feedback.models import Alert, Clock, Firing, Recipients, Review, RungAction
from feedback.org import digests
from feedback.org.digests import REVIEW, Recipient
from feedback.sops import queries as sops
from feedback.sops.ladder import Rung

log = logging.getLogger(__name__)

WARNED, LATE = "clock.warned", "clock.breached"
TO_DEPARTMENT = {RungAction.NOTIFY_AGENT, RungAction.PLAYBOOK}


@dataclass(slots=True)
class Done:
    """What was done for reviews."""

    clocks: int = 0
    breached: int = 0
    fired: Counter[str] = field(default_factory=Counter)


def sweep_reviews(at: datetime, limit: int, chunk: int) -> Done:
    """Do what is due for reviews, in chunks; one that fails holds up no other. Reads the index clock_fire."""
    due = Clock.objects.filter(next_fire_at__lte=at, review__isnull=False).order_by("next_fire_at", "pk")
    ids = [pk for pk in due.values_list("review_id", flat=True)[:limit] if pk is not None]
    done = Done()
    if not ids:
        return done
    staff = people.load(at)
    for start in range(0, len(ids), chunk):
        some = ids[start : start + chunk]
        try:
            _sweep(some, staff, at, done)
        except Exception:
            log.exception("a chunk of reviews failed; they are tried one by one")
            for one in some:
                _alone(one, staff, at, done)
    return done


def _alone(review: int, staff: People, at: datetime, done: Done) -> None:
    try:
        _sweep([review], staff, at, done)
    except Exception:
        log.exception("the sweep failed on review %s", review)


@transaction.atomic
def _sweep(ids: Sequence[int], staff: People, at: datetime, done: Done) -> None:
    """Do what is due for those of the reviews that nobody else holds."""
    rows = Review.objects.filter(pk__in=ids).order_by("pk")
    reviews = {row.pk: row for row in rows.select_for_update(no_key=True, skip_locked=True)}
    clocks = list(Clock.objects.filter(review__in=reviews, next_fire_at__lte=at).order_by("pk"))
    told = Told(staff, at)
    for clock in clocks:
        clock.review = reviews[clock.review_id or 0]
        told.take(clock)
    told.write(clocks)
    done.clocks += len(clocks)
    done.breached += told.breached
    done.fired.update(str(firing.action) for firing in told.firings)


class Told:
    """What is due on some clocks, decided in memory and written together."""

    def __init__(self, staff: People, at: datetime) -> None:
        self.staff, self.at = staff, at
        self.breached = 0
        self.firings: list[Firing] = []
        self.alerts: list[Alert] = []
        self.events: list[Happening] = []
        self.lines: dict[Recipient, list[str]] = defaultdict(list)

    def take(self, clock: Clock) -> None:
        """Take the rungs that are due off a clock's ladder, note the breach, and when to look next."""
        ladder = clock.ladder_version_id
        rungs = sops.rungs(ladder, clock.work) if ladder is not None else ()
        terms = Terms(sops.calendar(clock.calendar_version_id), clock.work, rungs)
        if clock.breached_at is None and clock.due_at <= self.at:
            clock.breached_at = clock.due_at
            self.breached += 1
            self._tell(clock, LATE, clock.due_at)
        for fires_at in terms.fire_times(clock.started_at, clock.due_at, since=clock.rungs_fired):
            if fires_at > self.at:
                break
            self._fire(clock, rungs[clock.rungs_fired], fires_at)
            clock.rungs_fired += 1
        clock.next_fire_at = terms.next_fire(
            clock.started_at,
            clock.due_at,
            rungs_fired=clock.rungs_fired,
            is_breached=clock.breached_at is not None,
        )

    def write(self, clocks: Sequence[Clock]) -> None:
        """Write clocks, firings, alerts, events and what goes into the letters."""
        bulk.update(Clock, clocks, ["rungs_fired", "next_fire_at", "breached_at"])
        bulk.insert(Firing, self.firings)
        bulk.insert(Alert, self.alerts)
        record_all(self.events)
        digests.add_many(self.lines, at=self.at)

    def _fire(self, clock: Clock, rung: Rung, fires_at: datetime) -> None:
        told = self.staff.accounts(self._named(clock, rung))
        outcome = {"told": told, "when": rung.when, "late": not rung.is_warning}
        self.firings.append(
            Firing(
                clock=clock,
                rung=clock.rungs_fired,
                action=rung.action,
                due_at=fires_at,
                fired_at=self.at,
                outcome=outcome,
            )
        )
        self._tell(
            clock,
            "ladder.fired",
            self.at,
            rung=clock.rungs_fired,
            action=rung.action.value,
            due=fires_at.isoformat(),
            **outcome,
        )
        kind = WARNED if rung.is_warning else LATE
        data = {"clock": clock.pk, "milestone": str(clock.milestone), REVIEW: clock.review_id}
        for user in told:
            key = f"rung:{clock.pk}:{clock.rungs_fired}:{user}"
            self.alerts.append(
                Alert(key=key, user_id=user, review=clock.review, kind=kind, data=data, at=self.at)
            )
        for to in self.staff.reached_by(rung.via, clock.department_id, told) if told else ():
            self.lines[to].append(json.dumps([None, kind, data]))

    def _named(self, clock: Clock, rung: Rung) -> Sequence[int]:
        """Give the agents whom a rung turns to: the department for the agent that a review does not have."""
        department, staff = rung.department or clock.department_id, self.staff
        whom = rung.recipients
        if rung.action in TO_DEPARTMENT or whom in {Recipients.AGENT, Recipients.DEPARTMENT}:
            return staff.working(department)
        if rung.action == RungAction.ESCALATE or whom == Recipients.LEADS_ABOVE:
            above = staff.above(department)
            return staff.leads_for(above) if above is not None else ()
        return () if whom == Recipients.WATCHERS else staff.leads_for(department)

    def _tell(self, clock: Clock, kind: str, at: datetime, **data: Any) -> None:
        known = {"clock": clock.pk, "milestone": str(clock.milestone), **data}
        self.events.append(Happening(kind, clock.about, at, None, known))
