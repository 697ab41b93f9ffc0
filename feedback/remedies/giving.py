"""Making good without an agent: what a rule gives for a case or a gap, or has somebody decide on."""

from datetime import datetime

from compensation.budgets.stops import why
from compensation.grants import commands as grants
from compensation.grants.approval import lock_member
from compensation.grants.commands import Content
from compensation.models import LIVE, CouponTemplate, Grant, GrantStatus, Order, RuleVersion
from compensation.signals.queries import doubt
from config.common.events import record
from feedback.cases.locking import save
from feedback.models import Case, Gap, Remedy
from feedback.remedies import telling
from feedback.remedies.queries import problem_of


def given_already(
    case: Case, kind: str, template: CouponTemplate | None, *, but: int | None = None
) -> Grant | None:
    """What is live of the same kind (of coupon) for a case or for its gaps; `but` leaves one grant out.

    Hold the case.
    """
    of_case = Remedy.objects.filter(case=case) | Remedy.objects.filter(gap__case=case)
    return (
        Grant.objects.filter(pk__in=of_case.values("grant"), kind=kind, template=template, status__in=LIVE)
        .exclude(pk=but or 0)
        .select_related("template")
        .first()
    )


def _check_first_of_order(word: str, order: Order, kind: str) -> None:
    """Refuse what a rule with the same word has given for the order. Holds the member, so one is first.

    Raises:
        AlreadyGranted: it has.
    """
    lock_member(order.member_id)
    known = Grant.objects.filter(order=order, kind=kind, status__in=LIVE, rule__once_an_order=word).first()
    if known is not None:
        raise grants.AlreadyGranted(grant=known.pk)


def give_by_rule(
    *,
    version: RuleVersion,
    content: Content,
    key: str,
    cause: str,
    gap: Gap | None,
    case: Case | None,
    cost_fen: int,
    pictures: int,
    at: datetime,
) -> Grant:
    """Give by a rule, or have somebody approve it where budget, caps or the member's other claims stop it.

    The caller holds the case and the gap.

    Raises:
        AlreadyGranted: it was given for the cause, or in the case, whoever gave it; or the rule has given it
            before, whatever became of that; or a rule that gives once an order has (`once_an_order`).
        DomainError: see grants.commands.request.
    """
    order = gap.order if gap else case.order if case else None
    member = gap.member if gap else case.member  # type: ignore[union-attr]  # one of them is there
    if case is not None and (known := given_already(case, str(content.kind), content.template)):
        raise grants.AlreadyGranted(grant=known.pk)
    if version.once_an_order and order is not None:
        _check_first_of_order(version.once_an_order, order, str(content.kind))
    grant = grants.request(
        key=key,
        cause=cause,
        problem=problem_of(case) if case else "",
        member=member,
        content=content,
        reason=f"{version.rule} v{version.number}" + (f" · {order.external_id}" if order else ""),
        reason_code="gap" if gap else case.kind,  # type: ignore[union-attr]  # one of them is there
        department=version.department or (case.department.code if case else ""),
        order=order,
        evidence=pictures,
        rule=version,
        doubt=doubt(member, cost_fen=cost_fen, at=at),
        actor=None,
        at=at,
    )
    _remedy, is_new = Remedy.objects.get_or_create(grant=grant, defaults={"gap": gap, "case": case})
    if not is_new:
        raise grants.AlreadyGranted(grant=grant.pk)
    waiting = grant.rounds.filter(decision="").first()
    for subject in (gap, case):
        if subject is not None:
            _note(subject, grant, at=at)
    if case is not None:
        save(case, news=False)
    if waiting is None and version.tells_member:
        telling.tell_given(grant, at=at, gap=gap)
    elif waiting is not None:
        stop = why(waiting.because, waiting.details)
        if case is not None:
            telling.ask_for_rule(grant, case, stop, at=at)
        else:
            telling.tell_stopped(version, stop, at=at)
    return grant


def take_in(gap: Gap, case: Case, *, at: datetime) -> int:
    """A gap has got a case, which the caller holds: what was given for it before is a part of that.

    The case shows it, and its sums are taken over it too. Gives how many there were.
    """
    before = list(Remedy.objects.filter(gap=gap, case=None).select_related("grant__template").order_by("pk"))
    Remedy.objects.filter(pk__in=[one.pk for one in before]).update(case=case)
    for problem in sorted({one.grant.problem for one in before}):
        grants.join_problems(
            problem=problem, into=problem_of(case), member_id=case.member_id, actor=None, at=at
        )
    for one in before:
        _note(case, one.grant, at=at)
    return len(before)


def _note(subject: Gap | Case, grant: Grant, *, at: datetime) -> None:
    """Write to the timeline of a gap or a case what a rule gave, or asked for."""
    record(
        "remedy.requested" if grant.status == GrantStatus.REQUESTED else "remedy.granted",
        subject,
        actor=None,
        at=at,
        grant=grant.pk,
        what=grant.kind,
        template=grant.template.code if grant.template else None,
        points=grant.points,
        cost_fen=grant.cost_fen,
        version=grant.rule_id,
    )
