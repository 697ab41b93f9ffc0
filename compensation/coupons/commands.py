"""What can happen to a coupon: issued, redeemed, expired, revoked. Its value moves on the ledger with it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.coupons import codes
from compensation.ledger import commands as ledger
from compensation.ledger.rules import given, taken
from compensation.models import AccountKind, Coupon, CouponStatus, CouponTemplate, Grant, Transaction, Unit
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import Actor, record
from config.common.idempotency import once
from config.common.money import display

ORDER_LENGTH = 64


class CouponNotUsable(WrongState):
    """The coupon was used, has expired or was taken back."""

    code = "coupon_not_usable"
    default = _("This coupon cannot be used.")


class SpendTooSmall(WrongState):
    """The order is too small for the coupon."""

    code = "spend_too_small"


class NotGiven(WrongState):
    """The kind of coupon is switched off."""

    code = "coupon_not_given"
    default = _("Coupons of this kind are no longer given.")


@transaction.atomic
def save_template(*, template: CouponTemplate, actor: Actor, at: datetime) -> CouponTemplate:
    """Keep a new or changed kind of coupon. Coupons that members hold stay as they were given."""
    template.save()
    record(
        "coupontemplate.saved",
        template,
        actor=actor,
        at=at,
        value_fen=template.value_fen,
        min_spend_fen=template.min_spend_fen,
        valid_days=template.valid_days,
        is_active=template.is_active,
    )
    return template


@transaction.atomic
def issue(*, grant: Grant, actor: Actor, at: datetime) -> Coupon:
    """Give the coupon of a grant to its member. A grant gives one coupon, by constraint.

    Raises:
        NotGiven: the template is switched off.
    """
    template = grant.template
    if template is None or not template.is_active:
        raise NotGiven
    coupon = Coupon.objects.create(
        template=template,
        member_id=grant.member_id,
        grant=grant,
        code=codes.new(),
        value_fen=grant.cost_fen,  # as it was asked for and approved
        min_spend_fen=template.min_spend_fen,
        issued_at=at,
        expires_at=at + timedelta(days=template.valid_days),
    )
    ledger.post(
        key=_issue_key(coupon),
        kind="coupon.issued",
        moves=given(Unit.COUPON, coupon.value_fen, member_id=coupon.member_id),
        actor=actor,
        at=at,
    )
    record("coupon.issued", coupon, actor=actor, at=at, value_fen=coupon.value_fen, template=template.code)
    return coupon


@transaction.atomic
def redeem(
    *, code: str, order_ref: str, key: str, at: datetime, order_fen: int | None = None, actor: Actor = None
) -> Coupon:
    """Use a coupon for an order of the shop, once for one key. `order_fen` is what the order comes to.

    Raises:
        NotFound: there is no such coupon.
        CouponNotUsable: it was used, has expired or was taken back.
        SpendTooSmall: the coupon needs a larger order, or the order's amount was not given.
        KeyReused: the key came before with other content.
    """
    order_ref, wanted = order_ref.strip(), codes.clean(code)
    if not order_ref or len(order_ref) > ORDER_LENGTH:
        raise Invalid(_("An order number of at most 64 characters is needed."))
    if wanted is None:
        raise NotFound(_("There is no such coupon."))

    def perform() -> Coupon:
        coupon = Coupon.objects.select_for_update(no_key=True).filter(code=wanted).first()
        if coupon is None:
            raise NotFound(_("There is no such coupon."))
        _check_usable(coupon, at)
        if coupon.min_spend_fen and (order_fen is None or order_fen < coupon.min_spend_fen):
            raise SpendTooSmall(
                _("This coupon is for orders from %(amount)s.") % {"amount": display(coupon.min_spend_fen)},
                min_spend_fen=coupon.min_spend_fen,
            )
        coupon.status, coupon.redeemed_at, coupon.redeemed_for = CouponStatus.REDEEMED, at, order_ref
        coupon.save(update_fields=["status", "redeemed_at", "redeemed_for"])
        _take(coupon, "redeemed", AccountKind.SPENT, actor=actor, at=at)
        record("coupon.redeemed", coupon, actor=actor, at=at, order=order_ref, value_fen=coupon.value_fen)
        return coupon

    content = {"code": wanted, "order": order_ref}
    return once(scope="coupon.redeem", key=key, content=content, model=Coupon, perform=perform)[0]


@transaction.atomic
def expire_due(*, at: datetime, limit: int = 500) -> int:
    """Expire coupons whose time is over; returns how many. Two passes at once share the work."""
    due = list(
        Coupon.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(status=CouponStatus.ISSUED, expires_at__lte=at)
        .order_by("expires_at")[:limit]
    )
    for coupon in sorted(due, key=lambda coupon: coupon.member_id):
        coupon.status = CouponStatus.EXPIRED
        coupon.save(update_fields=["status"])
        _take(coupon, "expired", AccountKind.EXPIRED, actor=None, at=at)
        record("coupon.expired", coupon, actor=None, at=at, value_fen=coupon.value_fen)
    return len(due)


@transaction.atomic
def revoke(*, coupon_id: int, actor: Actor, at: datetime) -> Coupon:
    """Take a usable coupon back.

    Raises:
        CouponNotUsable: it was used, has expired or was taken back before.
    """
    coupon = Coupon.objects.select_for_update(no_key=True).get(pk=coupon_id)
    _check_usable(coupon, at)
    coupon.status = CouponStatus.REVOKED
    coupon.save(update_fields=["status"])
    issued = Transaction.objects.get(key=_issue_key(coupon))
    ledger.reverse(posted=issued, key=f"coupon:{coupon.pk}:revoked", actor=actor, at=at)
    record("coupon.revoked", coupon, actor=actor, at=at, value_fen=coupon.value_fen)
    return coupon


def _issue_key(coupon: Coupon) -> str:
    return f"coupon:{coupon.pk}:issued"


def _take(coupon: Coupon, how: str, into: AccountKind, *, actor: Actor, at: datetime) -> None:
    moves = taken(Unit.COUPON, coupon.value_fen, member_id=coupon.member_id, into=into)
    ledger.post(key=f"coupon:{coupon.pk}:{how}", kind=f"coupon.{how}", moves=moves, actor=actor, at=at)


def _check_usable(coupon: Coupon, at: datetime) -> None:
    if coupon.status == CouponStatus.REDEEMED:
        raise CouponNotUsable(_("This coupon was already used."), reason="redeemed")
    if coupon.status == CouponStatus.REVOKED:
        raise CouponNotUsable(_("This coupon was taken back."), reason="revoked")
    if coupon.status == CouponStatus.EXPIRED or at >= coupon.expires_at:
        raise CouponNotUsable(_("This coupon has expired."), reason="expired")
