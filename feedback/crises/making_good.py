"""Making good what a crisis did: a batch for its members, and one more for those who joined later.

The batches themselves are those of the house: counted, asked for, approved by somebody else, run by workers,
never twice for one problem. Here they are only begun from a crisis, and begun again.
"""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from compensation.batches import commands as batches
from compensation.batches.commands import Terms
from compensation.batches.sources import Criteria, Source, about
from compensation.models import Batch, BatchItem, BatchStatus
from config.common.errors import DomainError, Invalid
from config.common.events import record
from config.common.models import User
from feedback.crises.joining import locked
from feedback.models import Case, Crisis, CrisisBatch, CrisisCase, CrisisStatus
from feedback.models.crisis import LIVE

log = logging.getLogger(__name__)
CRISIS = "crisis"
ENDED = (BatchStatus.DONE, BatchStatus.CANCELLED, BatchStatus.REFUSED)


def of_crisis(criteria: Criteria) -> "QuerySet[Any, tuple[int, str]]":
    """The members of the cases of a crisis; chosen for the case and for the order that it is about.

    `besides` names batches whose members are left out.

    Raises:
        Invalid: no crisis is named.
    """
    crisis = criteria.get("crisis")
    if not isinstance(crisis, int):
        raise Invalid(_("Choose the crisis."))
    found = Case.objects.filter(crises__crisis=crisis, crises__left_at=None, merged_into=None).order_by()
    if besides := criteria.get("besides"):
        chosen = BatchItem.objects.filter(batch__in=besides).values("member")
        found = found.exclude(member__in=chosen)
    bought = found.filter(order__member=F("member")).values_list("member_id", about("order", "order_id"))
    return found.values_list("member_id", about("case")).union(bought)


SOURCES = {CRISIS: Source(_("a crisis"), of_crisis)}


@transaction.atomic
def begin(*, crisis_id: int, terms: Terms, actor: User, at: datetime) -> Batch:
    """Make a batch for the members of a crisis and do its dry run; it is asked for and approved as any other.

    Raises:
        NotFound, WrongState: there is no such crisis, or nobody opened it.
        NotPermitted, Invalid, NotGiven: see `compensation.batches.commands`.
    """
    crisis = locked(crisis_id, (*LIVE, CrisisStatus.CLOSED))
    batch = batches.create(terms=replace(terms, problem=crisis.problem), actor=actor, at=at)
    batches.choose(batch_id=batch.pk, source=CRISIS, criteria={"crisis": crisis.pk}, actor=actor, at=at)
    batch = batches.count(batch_id=batch.pk, actor=actor, at=at)
    CrisisBatch.objects.create(crisis=crisis, batch=batch)
    record("crisis.batch_begun", crisis, actor=actor, at=at, batch=batch.pk, members=batch.members)
    return batch


def for_later_joiners(*, at: datetime) -> list[Batch]:
    """Make a batch for those who joined after what their crisis's others were given; gives what was made.

    It has the terms of the first one, is asked for in the name of who asked for that, and waits for approval.
    """
    made = []
    firsts = CrisisBatch.objects.filter(first=None, batch__status=BatchStatus.DONE).order_by("pk")
    for pk in firsts.values_list("pk", flat=True):
        try:
            with transaction.atomic():
                batch = _for_later(pk, at)
        except DomainError as error:
            log.warning("nothing for later joiners of crisis batch %s: %s", pk, error)
            continue
        if batch is not None:
            made.append(batch)
    return made


def later_joiners(row: CrisisBatch) -> int:
    """How many members of a crisis no batch of it has looked at yet."""
    members = CrisisCase.objects.filter(crisis=row.crisis_id, left_at=None, case__member__erased_at=None)
    chosen = BatchItem.objects.filter(batch__in=_batches_of(row))
    return members.exclude(case__member__in=chosen.values("member")).values("case__member").distinct().count()


def _batches_of(row: CrisisBatch) -> QuerySet[Batch]:
    rows = CrisisBatch.objects.filter(crisis=row.crisis_id)
    return Batch.objects.filter(pk__in=rows.values("batch"))


def _for_later(pk: int, at: datetime) -> Batch | None:
    row = (
        CrisisBatch.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("batch__asked_by", "batch__template", "crisis")
        .filter(pk=pk)
        .first()
    )
    if row is None or row.later.exclude(batch__status__in=ENDED).exists() or not later_joiners(row):
        return None
    first, actor = row.batch, row.batch.asked_by
    if actor is None or not actor.is_active:
        return None
    terms = Terms(**{name: getattr(first, name) for name in Terms.__dataclass_fields__})
    batch = batches.create(terms=replace(terms, name=_later_name(first, row)), actor=actor, at=at)
    before = sorted(_batches_of(row).values_list("pk", flat=True))
    criteria = {"crisis": row.crisis_id, "besides": before}
    batches.choose(batch_id=batch.pk, source=CRISIS, criteria=criteria, actor=actor, at=at)
    batch = batches.count(batch_id=batch.pk, actor=actor, at=at)
    if not batch.members:
        raise Invalid(_("Nobody would be given anything."))
    batch = batches.ask(batch_id=batch.pk, content_hash=batch.content_hash, actor=actor, at=at)
    CrisisBatch.objects.create(crisis=row.crisis, batch=batch, first=row)
    record("crisis.batch_begun", row.crisis, actor=None, at=at, batch=batch.pk, members=batch.members)
    return batch


def _later_name(first: Batch, row: CrisisBatch) -> str:
    number = row.later.count() + 2
    return f"{first.name[:110]} ({number})"


def cost_fen(crisis: Crisis) -> int:
    """What its batches come to, in fen."""
    return sum(row.batch.total_fen for row in crisis.batches.select_related("batch"))
