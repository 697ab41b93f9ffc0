"""Moves that give something: coupon, points, money back, goods again, gift; that change or withdraw it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from compensation.models import GrantKind, GrantStatus
from compensation.refunds.rules import left_freight_fen
from config.common.asked import id_in
from config.common.errors import Invalid, NotFound
from config.common.money import fen_from_yuan
from config.common.screens import StaffRequest
from feedback.admin.moves.asked import Said, chosen, key_of
from feedback.models import Case, Remedy
from feedback.remedies import commands as remedies
from feedback.remedies.commands import Chosen, Wanted

MONEY = (GrantKind.REFUND, GrantKind.PRICE_DIFFERENCE)
MOST_LINES, LONGEST_AMOUNT = 200, 16


def grant(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Give a remedy, or ask for it.

    Raises:
        Invalid: the form has no key: sent twice, it would be given twice, or another one be taken for it.
    """
    key = key_of(request.POST)
    if key is None:
        raise Invalid(_("This page is too old: load it again."))
    wanted = wanted_in(request.POST, case)
    remedy = remedies.grant_for_case(
        case_id=case.pk,
        kind=wanted.kind,
        template_id=wanted.template_id,
        points=wanted.points,
        gift=wanted.gift,
        amount_fen=wanted.amount_fen,
        lines=wanted.lines,
        reason=request.POST.get("reason", ""),
        key=key,
        actor=request.user,
        at=at,
    )
    return _said(GrantStatus(remedy.grant.status))


def amend(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Change a request of one's own."""
    remedy = _of(request, case)
    changed = remedies.amend(
        grant_id=remedy.grant_id,
        wanted=wanted_in(request.POST, case, remedy.grant.kind),
        reason=request.POST.get("reason", ""),
        actor=request.user,
        at=at,
    )
    if changed.status == GrantStatus.REQUESTED:
        return _("Changed: it waits for approval as it is now.")
    return _said(GrantStatus(changed.status))


def withdraw(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Withdraw a request of one's own."""
    remedies.withdraw(grant_id=_of(request, case).grant_id, actor=request.user, at=at)
    return _("Withdrawn.")


def wanted_in(post: QueryDict, case: Case, kind: str = "") -> Wanted:
    """What a form wants to give; `kind` where it is known already.

    Raises:
        Invalid: an amount that is none.
        NotFound: a line that is none.
    """
    kind = kind or post.get("kind", "")
    is_money = kind in MONEY
    lines = list(_lines(post, is_money=is_money)) if is_money or kind == GrantKind.RESHIPMENT else []
    amount = None
    if kind == GrantKind.GIFT:
        amount = fen_in(post.get("worth"))
    elif kind == GrantKind.REFUND and post.get("freight") and case.order is not None:
        amount = sum(one.amount_fen or 0 for one in lines) + left_freight_fen(case.order)
    return Wanted(
        kind=kind,
        template_id=id_in(post.get("template")) if kind == GrantKind.COUPON else None,
        points=id_in(post.get("points")) if kind == GrantKind.POINTS else None,
        gift=post.get("gift", "") if kind == GrantKind.GIFT else "",
        amount_fen=amount,
        lines=lines,
    )


def fen_in(text: str | None) -> int:
    """The fen of an amount in yuan that somebody typed.

    Raises:
        Invalid: that is no amount.
    """
    plain = (text or "").strip().removeprefix("¥").replace(",", "")
    fen = 0
    if len(plain) <= LONGEST_AMOUNT and plain.isascii():
        with suppress(ValueError):
            fen = fen_from_yuan(plain)
    if fen <= 0:
        raise Invalid(_("This is no amount of money."))
    return fen


def _lines(post: QueryDict, *, is_money: bool) -> Iterator[Chosen]:
    for name in post.getlist("line")[:MOST_LINES]:
        pk = id_in(name)
        if pk is None:
            raise NotFound
        quantity = id_in(post.get(f"quantity-{pk}")) or 1
        if is_money:
            yield Chosen(pk, amount_fen=fen_in(post.get(f"yuan-{pk}")))
        else:
            yield Chosen(pk, min(quantity, 1_000_000))


def _of(request: StaffRequest, case: Case) -> Remedy:
    """The remedy of this case that the form is about.

    Raises:
        NotFound: it is none of this case's.
    """
    found = Remedy.objects.filter(case=case, grant=chosen(request.POST, "grant")).select_related("grant")
    remedy = found.first()
    if remedy is None:
        raise NotFound
    return remedy


def _said(status: GrantStatus) -> Said:
    if status == GrantStatus.REQUESTED:
        return _("More than you may give alone: it waits for approval.")
    if status == GrantStatus.CONFIRMED:
        return _("Given. The member was told.")
    return _("On its way. The member is told when it is sent.")
