"""What we owe, why, and what became of what was given."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet, Sum

from compensation.finance import rolling
from compensation.models import Account, AccountKind, BookProof, Flow, Grant, GrantStatus, LedgerProof, Unit

PROMISED = (GrantStatus.REQUESTED, GrantStatus.APPROVED, GrantStatus.EXECUTED)
"""What was asked for or is on its way: the member does not have it yet."""


@dataclass(frozen=True, slots=True)
class Move:
    """What moved in a period: how, by what kind of transaction, how much, and in how many entries."""

    flow: str
    kind: str
    amount: int
    entries: int

    @property
    def label(self) -> str:
        """The flow in words."""
        return str(Flow(self.flow).label)


@dataclass(frozen=True, slots=True)
class Statement:
    """One unit over a period: opening + moves = closing, what all who hold it hold together."""

    unit: str
    opening: int
    moves: list[Move]
    proof: LedgerProof | None

    @property
    def closing(self) -> int:
        """What is held at the end of the period."""
        return self.opening + sum(move.amount for move in self.moves)

    @property
    def label(self) -> str:
        """The unit in words."""
        return str(Unit(self.unit).label)


@dataclass(slots=True)
class Reason:
    """What was given for one cause by one department in a period, and what became of such things in it."""

    unit: str
    cause: str
    department: str
    flows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Flow.values, 0))

    @property
    def open(self) -> int:
        """How much more is held for it than before."""
        return sum(self.flows.values())

    @property
    def amounts(self) -> list[int]:
        """The flows in their order, and what they come to."""
        return [*self.flows.values(), self.open]


@dataclass(frozen=True, slots=True)
class Promised:
    """What members wait for: by kind, cause and department."""

    kind: str
    status: str
    cause: str
    department: str
    number: int
    fen: int


@dataclass(frozen=True, slots=True)
class Report:
    """A period, half-open: [since, until)."""

    since: date
    until: date
    statements: list[Statement]
    reasons: list[Reason]
    promised: list[Promised]
    books: list[BookProof]
    """What rows keep of others, as it was when it was last recomputed."""

    @property
    def difference(self) -> int:
        """How far the sums were off the balances when they were last held against them: 0."""
        return sum(abs(one.proof.difference) for one in self.statements if one.proof is not None)


def report(*, since: date, until: date, departments: Collection[str] | None = None) -> Report:
    """What we owe, in five queries, however long the ledger is.

    With `departments` only what was given by those, without the statements, which are of the whole company.
    """
    rows = rolling.totals(since=since, until=until)
    if departments is not None:
        rows = [row for row in rows if row[4] in departments]
    proofs = {one.unit: one for one in LedgerProof.objects.all()}
    statements = [] if departments is not None else [_statement(unit, rows, proofs) for unit in Unit.values]
    books = [] if departments is not None else list(BookProof.objects.order_by("book"))
    return Report(since, until, statements, _reasons(rows), promised(departments), books)


def promised(departments: Collection[str] | None = None) -> list[Promised]:
    """What was asked for or approved and has not reached its member yet; dearest first."""
    found = Grant.objects.filter(status__in=PROMISED)
    if departments is not None:
        found = found.filter(department__in=departments)
    sums: defaultdict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for kind, status, cause, department, fen in found.values_list(
        "kind", "status", "cause", "department", "cost_fen"
    ):
        one = sums[kind, status, cause.split(":", 1)[0], department]
        one[0] += 1
        one[1] += fen
    rows = [Promised(*what, number, fen) for what, (number, fen) in sums.items()]
    return sorted(rows, key=lambda one: (-one.fen, one.kind, one.cause))


def holders(unit: str, limit: int = 50) -> QuerySet[Account]:
    """Who holds most of a unit."""
    return (
        Account.objects.filter(kind=AccountKind.MEMBER, unit=unit, balance__gt=0)
        .select_related("member")
        .order_by("-balance", "pk")[:limit]
    )


def of_member(member_id: int) -> list[tuple[str, str, int, int]]:
    """What became of a member's grants: kind, status, number, fen."""
    rows = (
        Grant.objects.filter(member=member_id)
        .order_by("kind", "status")
        .values_list("kind", "status")
        .annotate(number=Count("pk"), fen=Sum("cost_fen"))
    )
    return [(kind, status, number, fen) for kind, status, number, fen in rows]


def _statement(unit: str, rows: list[tuple[Any, ...]], proofs: dict[str, LedgerProof]) -> Statement:
    opening = 0
    moved: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for one, flow, kind, _cause, _department, before, amount, entries in rows:
        if one != unit:
            continue
        if before:
            opening += amount
            continue
        sums = moved[flow, kind]
        sums[0] += amount
        sums[1] += entries
    places = {flow: place for place, flow in enumerate(Flow.values)}
    moves = [Move(flow, kind, *sums) for (flow, kind), sums in moved.items()]
    moves.sort(key=lambda move: (places[move.flow], -abs(move.amount), move.kind))
    return Statement(unit, opening, moves, proofs.get(unit))


def _reasons(rows: list[tuple[Any, ...]]) -> list[Reason]:
    found: dict[tuple[str, str, str], Reason] = {}
    for unit, flow, _kind, cause, department, before, amount, _entries in rows:
        if before:
            continue
        one = found.setdefault((unit, cause, department), Reason(unit, cause, department))
        one.flows[flow] += amount
    units = {unit: place for place, unit in enumerate(Unit.values)}
    return sorted(
        found.values(), key=lambda one: (units[one.unit], -one.flows[Flow.GIVEN], one.cause, one.department)
    )
