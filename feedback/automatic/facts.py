"""What rules know of a gap or a case."""

from compensation.models import Order, OrderLine, RuleTrigger
from compensation.rules.matching import Facts
from config.common.words import plain
from feedback.models import Case, Gap
from feedback.playbooks import rules as playbooks
from feedback.playbooks.queries import facts_of, in_force
from feedback.remedies.contents import pictures_of


def of_gap(gap: Gap, *, categories: frozenset[str] | None = None) -> Facts:
    """A gap, its order, if it has one, and its member. Happened is when it was promised."""
    if categories is None:
        categories = categories_of(gap.order) if gap.order else frozenset()
    return Facts(
        trigger=RuleTrigger.GAP,
        happened_at=gap.expected_at,
        aspect=gap.aspect,
        gap_kind=gap.kind,
        cause=gap.cause,
        severity=gap.severity,
        tier=gap.member.tier.code,
        categories=categories,
        amount_fen=gap.order.total_fen if gap.order else 0,
    )


def of_case(case: Case, *, full: bool = True) -> Facts:
    """A case as it was opened; `full`: with its problem and pictures, which take longer to find out."""
    categories = categories_of(case.order) if case.order else frozenset()
    return Facts(
        trigger=RuleTrigger.CASE,
        happened_at=case.opened_at,
        case_kind=case.kind,
        problem=problem_of(case) if full else "",
        tier=case.member.tier.code,
        categories=categories | ({case.category} if case.category else set()),
        amount_fen=case.order.total_fen if case.order else 0,
        pictures=pictures_of(case) if full else 0,
    )


def problem_of(case: Case) -> str:
    """What is wrong, as the playbook says that fits the case best; nothing where none fits."""
    facts = facts_of(case)
    fits = [
        (playbooks.fit(playbook, facts, [plain(word) for word in playbook.words]), playbook.problem)
        for playbook, _version in in_force()
    ]
    best = max(fits, key=lambda one: one[0], default=(0, ""))
    return best[1] if best[0] else ""


def categories_of(order: Order) -> frozenset[str]:
    """The product categories of an order."""
    rows = OrderLine.objects.filter(order=order).values_list("product__category", flat=True)
    return frozenset(one for one in rows if one)


def paid_fen(order: Order | None) -> int:
    """What was paid for the goods of an order."""
    if order is None:
        return 0
    return sum(OrderLine.objects.filter(order=order).values_list("paid_fen", flat=True))
