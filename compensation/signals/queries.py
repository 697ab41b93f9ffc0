"""What a member has claimed, and where others stand.

What there is to compare by: grants, orders, phone numbers and e-mail addresses. Orders hold a region and no
address, sessions only a digest of their token and no device: neither can be compared until the shop sends
them.
"""

from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from compensation.budgets.stops import Unusual
from compensation.models import LIVE, Grant, Member, Order, SignalTerms
from compensation.signals.rules import UNASKED, Claims, Peers, reasons


def terms() -> SignalTerms:
    """From where on claims are unusual."""
    return SignalTerms.objects.filter(pk=1).first() or SignalTerms()


def claims_of(member: Member, at: datetime, *, days: int) -> Claims:
    """What a member has claimed of late, without what is being asked for now."""
    since = at - timedelta(days=days)
    live = Q(requested_at__gt=since, status__in=LIVE)
    for cause in UNASKED:
        live &= ~Q(cause__startswith=cause)
    sums = Grant.objects.filter(live, member=member).aggregate(
        times=Count("pk"), fen=Sum("cost_fen", default=0)
    )
    contact = Q(pk__in=[])
    if member.phone:
        contact |= Q(phone=member.phone)
    if member.email:
        contact |= Q(email=member.email)
    others = Member.objects.filter(contact, pk__in=Grant.objects.filter(live).values("member"))
    return Claims(
        orders=Order.objects.filter(member=member, placed_at__gt=since).count(),
        claims=sums["times"],
        fen=sums["fen"],
        shared=others.exclude(pk=member.pk).count(),
    )


def doubt(member: Member, *, cost_fen: int, at: datetime) -> Unusual | None:
    """Why a claim of that cost should go to a person; None where it is like others'."""
    now = terms()
    if not now.is_active:
        return None
    had = claims_of(member, at, days=now.days)
    with_it = Claims(had.orders, had.claims + 1, had.fen + cost_fen, had.shared)
    found = reasons(with_it, Peers(now.peer_members, now.peer_claims, now.peer_fen), now)
    return Unusual(reasons=found) if found else None
