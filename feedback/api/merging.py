"""A list that is read department by department and merged, so that no sort grows with the cases."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from config.common.models import User
from feedback.models import Case, Handoff
from feedback.org.queries import SEE_ALL, department_ids


class Merged:
    """As much of a queryset as paging by a cursor asks for, read from some parts of it.

    Each part comes in order from the index `case_department_opened`; of each only a page's worth is read.
    """

    def __init__(
        self, whole: QuerySet[Case], parts: Sequence[QuerySet[Case]], order: tuple[str, ...] = ()
    ) -> None:
        """Take the list and the parts that it falls into, which do not overlap."""
        self.whole, self.parts, self.order = whole, list(parts), order

    def order_by(self, *order: str) -> "Merged":
        """The same list in an order."""
        return Merged(self.whole, [part.order_by(*order) for part in self.parts], order)

    def filter(self, *conditions: Any, **more: Any) -> "Merged":
        """The same list, narrowed down."""
        return Merged(self.whole, [part.filter(*conditions, **more) for part in self.parts], self.order)

    def __getitem__(self, wanted: slice) -> list[Case]:
        """The rows from one place to another. Two queries."""
        names = [name.lstrip("-") for name in self.order]
        lists = [part.values_list("pk", *names)[: wanted.stop] for part in self.parts]
        if not lists:
            return []
        merged = lists[0].union(*lists[1:]).order_by(*self.order) if len(lists) > 1 else lists[0]
        pks = [row[0] for row in merged[wanted]]
        found = self.whole.model._default_manager.select_related(*SHOWN).in_bulk(pks)
        return [found[pk] for pk in pks if pk in found]


SHOWN = ("member__tier", "department", "agent__user", "order")


def by_department(cases: QuerySet[Case], user: User) -> Merged:
    """The cases that somebody may see, `cases` of visible_to, as the parts that each department has.

    And one more: those of other departments about which one of theirs was asked.
    """
    ours = sorted(department_ids(user))
    parts = [cases.filter(department=one) for one in ours]
    if not user.has_perm(SEE_ALL):
        asked = Handoff.objects.filter(department__in=ours, case=OuterRef("pk")).order_by()
        parts.append(cases.filter(Exists(asked)).exclude(department__in=ours))
    return Merged(cases, parts)
