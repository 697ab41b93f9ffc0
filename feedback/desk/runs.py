"""The runs of what was done to many cases: one's own, and those of the people one leads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.errors import NotFound
from config.common.models import User
from feedback.desk.bulk import DOINGS
from feedback.models import Agent, BulkResult, BulkRun, Department, PauseReason, Priority, Resolution
from feedback.models.bulk import CasesLength
from feedback.org.queries import departments_led

SIZE = 25
RECENT = 20  # of somebody's runs that are looked through for one that was interrupted
LEADS = "feedback.assign_case"


@dataclass(frozen=True, slots=True)
class Listed:
    """A run in the list, with what came of it so far."""

    run: BulkRun
    name: str | Promise
    done: int
    refused: int
    is_mine: bool

    @property
    def total(self) -> int:
        """How many cases it is about."""
        return len(self.run.cases)

    @property
    def left(self) -> int:
        """How many are still to be done; some are left where it was interrupted."""
        return max(0, self.total - self.done - self.refused)


def seen_by(user: User) -> QuerySet[BulkRun]:
    """The runs that this person may look at: their own, and for who assigns work those of who they lead."""
    mine = Q(user=user)
    led = departments_led(user) if user.has_perm(LEADS) else set()
    if led:
        theirs = Agent.objects.filter(memberships__department__in=led)
        mine |= Q(user__in=theirs.order_by().values("user"))
    return BulkRun.objects.filter(mine)


def runs(
    user: User, *, unfinished: bool = False, before: int | None = None
) -> tuple[list[Listed], int | None]:
    """The newest runs, and the key that the next ones are `before`. A fixed number of queries."""
    found = seen_by(user).select_related("user").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    if unfinished:
        found = found.filter(_unfinished())
    rows = list(found[: SIZE + 1])
    after = rows[SIZE - 1].pk if len(rows) > SIZE else None
    counted = BulkResult.objects.filter(run__in=rows[:SIZE]).order_by().values_list("run", "is_done")
    counts = {(run, is_done): n for run, is_done, n in counted.annotate(n=Count("pk"))}
    return [
        Listed(
            run,
            name_of(run),
            counts.get((run.pk, True), 0),
            counts.get((run.pk, False), 0),
            run.user_id == user.pk,
        )
        for run in rows[:SIZE]
    ], after


def interrupted(user: User) -> BulkRun | None:
    """The newest of the person's last runs that has cases left."""
    last = BulkRun.objects.filter(user=user).order_by("-pk").values("pk")[:RECENT]
    return BulkRun.objects.filter(_unfinished(), pk__in=last).order_by("-pk").first()


def _unfinished() -> GreaterThan:
    results = BulkResult.objects.filter(run=OuterRef("pk")).order_by().values("run")
    counted = Subquery(results.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    return GreaterThan(CasesLength(F("cases")), Coalesce(counted, 0))


def run_for(user: User, run_id: int) -> BulkRun:
    """One run.

    Raises:
        NotFound: there is none that this person may look at.
    """
    run = seen_by(user).select_related("user").filter(pk=run_id).first()
    if run is None:
        raise NotFound
    return run


def name_of(run: BulkRun) -> str | Promise:
    """What was done, for people; what the house no longer offers, by its code."""
    doing = DOINGS.get(run.action)
    return doing.name if doing else run.action


def details(run: BulkRun) -> list[tuple[str | Promise, str]]:
    """What was asked for in words: to whom, which priority, which message."""
    return list(_details(run.content))


def _details(content: dict[str, Any]) -> Iterator[tuple[str | Promise, str]]:
    if "agent" in content:
        agent = Agent.objects.select_related("user").filter(pk=content["agent"]).first()
        yield _("To"), str(agent or _("nobody"))
    if department := content.get("department"):
        yield _("Department"), str(Department.objects.filter(pk=department).first() or department)
    for field, label, choices in (
        ("priority", _("Priority"), Priority),
        ("reason", _("Wait for"), PauseReason),
        ("resolution", _("How it was resolved"), Resolution),
    ):
        if content.get(field) in choices.values:
            yield label, str(choices(content[field]).label)
    for field, text in (("message", _("Message to each member")), ("note", pgettext_lazy("bulk", "Note"))):
        if content.get(field):
            yield text, str(content[field])
