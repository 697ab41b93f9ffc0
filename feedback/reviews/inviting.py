"""Asking members to review what has arrived: once, after a while, not at night.

While a case about the order is open the invitation waits, for every member alike. Nothing that tells how a
member may judge is looked at: neither stars, nor tier, nor what they said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from compensation.care.days import out_of_quiet
from compensation.models import OrderLine, OrderStatus, Purpose
from compensation.notices.commands import Telling, notify_all
from compensation.orders.queries import changed_since
from config.common import bulk
from config.common.events import Happening, record_all
from config.common.models import Bookmark
from feedback.models import Case, InvitationEnd, Review, ReviewInvitation
from feedback.reviews import own, rules

READER = "reviews.inviting"
AT_ONCE = 500
AGAIN = timedelta(hours=1)
"""How long an invitation waits before the case about its order is looked at again."""
TITLE = _("How do you like what you bought?")
BODY = _(
    "Your order %(number)s has arrived. Tell others what you think of it: good or bad, in your own words."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides whether somebody is asked now."""

    received_at: datetime
    is_on: bool = True
    is_erased: bool = False
    went_back: bool = False
    is_reviewed: bool = False
    has_open_case: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """What happens: asked now, never for a reason, or looked at again later."""

    again_at: datetime | None = None
    reason: str = ""
    is_held: bool = False


def decide(standing: Standing, at: datetime, *, days: int, quiet: tuple[time, time], zone: ZoneInfo) -> Next:
    """What becomes of an invitation that is due. Pure."""
    for is_so, reason in (
        (not standing.is_on, InvitationEnd.OFF),
        (standing.is_erased, InvitationEnd.ERASED),
        (standing.went_back, InvitationEnd.RETURNED),
        (standing.is_reviewed, InvitationEnd.REVIEWED),
        (at > rules.closes_at(standing.received_at, days), InvitationEnd.CLOSED),
    ):
        if is_so:
            return Next(reason=reason)
    if standing.has_open_case:
        return Next(again_at=at + AGAIN, is_held=True)
    free = out_of_quiet(at, *quiet, zone)
    return Next(again_at=free if free > at else None)


@transaction.atomic
def find(*, at: datetime) -> int:
    """Note whom to ask of the orders that changed since the last time. Returns how many orders were read."""
    Bookmark.objects.bulk_create([Bookmark(reader=READER)], ignore_conflicts=True)
    mark = Bookmark.objects.select_for_update().get(reader=READER)
    changed = changed_since(mark.txid, mark.event_id, limit=AT_ONCE)
    if not changed:
        return 0
    note([pk for _txid, pk in changed], at=at)
    mark.txid, mark.event_id = changed[-1]
    mark.save(update_fields=["txid", "event_id"])
    return len(changed)


@transaction.atomic
def note(order_ids: Sequence[int], *, at: datetime) -> None:
    """Note that the members of those orders are to be asked of which all has come; each order once."""
    terms = own.setup()
    lines = (
        own.with_receipt(OrderLine.objects.filter(order__in=order_ids))
        .exclude(order__status=OrderStatus.CANCELLED)
        .values_list("order", "order__member", "received_at")
    )
    received: dict[tuple[int, int], list[datetime | None]] = {}
    for order, member, moment in lines:
        received.setdefault((order, member), []).append(moment)
    whole = [
        (order, member, max(moments))  # type: ignore[type-var]  # none of them is None
        for (order, member), moments in received.items()
        if None not in moments
    ]
    since = at - timedelta(days=terms.window_days)
    ReviewInvitation.objects.bulk_create(
        [
            ReviewInvitation(
                order_id=order,
                member_id=member,
                received_at=moment,
                due_at=moment + timedelta(hours=terms.invite_after_hours),
            )
            for order, member, moment in whole
            if moment is not None and moment > since
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def invite(*, at: datetime) -> int:
    """Decide on the invitations that are due. Returns how many; two passes at once share them."""
    due = list(
        ReviewInvitation.objects.filter(sent_at=None, skipped_at=None, due_at__lte=at)
        .select_related("member", "order")
        .order_by("due_at", "pk")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)[:AT_ONCE]
    )
    if not due:
        return 0
    terms, zone = own.setup(), ZoneInfo(settings.TIME_ZONE)
    quiet = (terms.quiet_from, terms.quiet_until)
    standings = _standings(due, is_on=terms.invites)
    happenings, tellings = [], []
    for one in due:
        coming = decide(standings[one.pk], at, days=terms.window_days, quiet=quiet, zone=zone)
        if coming.reason:
            one.skipped_at, one.reason = at, coming.reason
            happenings.append(Happening("review.not_invited", one, at, None, {"why": coming.reason}))
        elif coming.again_at is not None:
            if coming.is_held and one.held_since is None:
                one.held_since = at
                happenings.append(Happening("review.invitation_held", one, at, None, {}))
            one.due_at = coming.again_at
        else:
            one.sent_at = at
            tellings.append(_telling(one))
            happenings.append(Happening("review.invited", one, at, None, {"order": one.order_id}))
    bulk.update(ReviewInvitation, due, ["sent_at", "skipped_at", "reason", "due_at", "held_since"])
    notify_all(tellings, at=at)
    record_all(happenings)
    return len(due)


def _standings(due: Sequence[ReviewInvitation], *, is_on: bool) -> dict[int, Standing]:
    orders = [one.order_id for one in due]
    reviewed = Exists(Review.objects.filter(order_line=OuterRef("pk"), follows=None))
    open_lines = set(OrderLine.objects.filter(~reviewed, order__in=orders).values_list("order", flat=True))
    about_orders = set(
        Review.objects.filter(order__in=orders, order_line=None).values_list("order", flat=True)
    )
    cases = _with_open_case(orders)
    return {
        one.pk: Standing(
            received_at=one.received_at,
            is_on=is_on,
            is_erased=one.member.erased_at is not None,
            went_back=one.order.status in {OrderStatus.RETURNED, OrderStatus.CANCELLED},
            is_reviewed=one.order_id not in open_lines or one.order_id in about_orders,
            has_open_case=one.order_id in cases,
        )
        for one in due
    }


def _with_open_case(orders: Sequence[int]) -> set[int]:
    """The orders about which a case is open, or was merged into one that is."""
    about = Case.objects.filter(Q(resolved_at=None) | Q(merged_into__isnull=False), order__in=orders)
    rows = list(about.values_list("order", "merged_into"))
    found = {order for order, into in rows if into is None}
    merged = [(order, into) for order, into in rows if into is not None]
    while merged:
        went = Case.objects.filter(pk__in={into for _order, into in merged})
        ends = {pk: (done, on) for pk, done, on in went.values_list("pk", "resolved_at", "merged_into")}
        found |= {order for order, into in merged if ends[into] == (None, None)}
        merged = [(order, on) for order, into in merged if (on := ends[into][1]) is not None]
    return found


def _telling(one: ReviewInvitation) -> Telling:
    with translation.override(one.member.language):
        return Telling(
            member=one.member,
            kind="review.invited",
            key=f"review.invited:{one.order_id}",
            title=str(TITLE),
            body=str(BODY) % {"number": one.order.external_id},
            path="/portal/reviews/",
            purpose=Purpose.SURVEY,
        )
