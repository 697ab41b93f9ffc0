"""The sums that rows keep of others: recomputed, with what came of it for finance to see."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from django.db import transaction

from compensation.budgets import check as budgets
from compensation.models import Book, BookProof
from compensation.refunds import check as refunds

SHOWN = 20


class Difference(Protocol):
    """A row that is not what it is the sum of."""

    @property
    def what(self) -> str:
        """What kind of row."""

    @property
    def pk(self) -> int:
        """Its key."""

    @property
    def says(self) -> object:
        """What it says."""

    @property
    def should(self) -> object:
        """What it is of comes to."""


BOOKS: Mapping[Book, Callable[[], Iterable[Difference]]] = {
    Book.REFUNDS: refunds.differences,
    Book.BUDGETS: budgets.differences,
}


@transaction.atomic
def prove(*, at: datetime) -> list[BookProof]:
    """Recompute the sums of each book, and keep what came of it."""
    proofs = []
    for book, differences in BOOKS.items():
        wrong = [f"{one.what} {one.pk}: {one.says} ≠ {one.should}" for one in differences()]
        kept = {"at": at, "wrong": len(wrong), "lines": wrong[:SHOWN]}
        proofs.append(BookProof.objects.update_or_create(book=book, defaults=kept)[0])
    return proofs
