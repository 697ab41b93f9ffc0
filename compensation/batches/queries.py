"""Batches for people: which there are, how far each is, what became of whom."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Sum
from django.utils.translation import gettext as _

from compensation.batches import rules
from compensation.budgets.commands import in_force
from compensation.models import (
    Batch,
    BatchItem,
    BatchRefund,
    BatchStatus,
    Budget,
    ItemStatus,
    LeftOut,
    NotRefunded,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the chosen members stand where."""

    waiting: int = 0
    given: int = 0
    left_out: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def chosen(self) -> int:
        """All that were chosen."""
        return self.waiting + self.given + self.left_out + self.failed + self.cancelled

    @property
    def percent(self) -> int:
        """How many are settled, of all."""
        return rules.share(self.chosen - self.waiting, self.chosen)


def progress(batch: Batch) -> Progress:
    """How far a batch is; one query over an index."""
    rows = BatchItem.objects.filter(batch=batch).order_by().values_list("status").annotate(number=Count("pk"))
    return Progress(**{str(status): number for status, number in rows})


def reasons(batch: Batch) -> list[tuple[str, str, int]]:
    """Why members were left out or failed: what became of them, the reason, and how many; most first."""
    rows = (
        BatchItem.objects.filter(batch=batch, status__in=[ItemStatus.LEFT_OUT, ItemStatus.FAILED])
        .order_by()
        .values_list("status", "why")
        .annotate(number=Count("pk"))
        .order_by("-number", "why")
    )
    return [(str(ItemStatus(status).label), shown(why), number) for status, why, number in rows]


def shown(why: str) -> str:
    """A reason in words, in the language of the moment."""
    return str(LeftOut(why).label) if why in LeftOut.values else why


def newest() -> QuerySet[Batch]:
    """All batches, the newest first."""
    return Batch.objects.select_related("template", "created_by", "asked_by", "decided_by").order_by("-pk")


def waiting() -> QuerySet[Batch]:
    """Those that wait for approval."""
    return Batch.objects.filter(status=BatchStatus.ASKED)


def report(batch: Batch) -> QuerySet[BatchItem]:
    """Every chosen member with what became of them."""
    return (
        BatchItem.objects.filter(batch=batch)
        .select_related("member")
        .prefetch_related(Prefetch("refunds", BatchRefund.objects.select_related("order").order_by("pk")))
        .order_by("pk")
    )


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of those who are (to be) given something, that came to the same: which, how many, how much."""

    label: str
    number: int
    fen: int
    is_back: bool


def orders(batch: Batch) -> list[Orders]:
    """The orders of a batch that refunds: to go back or gone, and why others do not."""
    if not batch.refunds:
        return []
    rows = (
        BatchRefund.objects.filter(item__batch=batch)
        .exclude(item__status=ItemStatus.LEFT_OUT)
        .order_by()
        .values_list("why")
        .annotate(number=Count("pk"), fen=Sum("fen"))
        .order_by("why")
    )
    return [
        Orders(str(NotRefunded(why).label if why else _("full refund")), number, fen, not why)
        for why, number, fen in rows
    ]


def without_order(batch: Batch) -> int:
    """How many are given something by a batch that refunds, though no order of theirs was named."""
    if not batch.refunds:
        return 0
    named = BatchRefund.objects.filter(item=OuterRef("pk"))
    items = BatchItem.objects.filter(batch=batch, status__in=[ItemStatus.WAITING, ItemStatus.GIVEN])
    return items.filter(~Exists(named)).count()


def budget(batch: Batch, at: datetime) -> Budget | None:
    """The budget that a batch would take from at that moment; None: none limits it."""
    return in_force(batch.department, batch.reason_code, at).first()
