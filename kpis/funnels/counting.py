"""The ways of `kpis.funnels.rules`, by set-based SQL over what the shop told us of visitors and of orders.

Somebody is a member or, before they sign in, a visitor of a source. The steps come from behaviour events;
ordering, paying and receiving of members from their orders and parcels as well.

A way's beginning never moves back in time from one step to the next, so the beginning that counts at a
step is the greatest that came to the step before so far: windows over one order, sorted once.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings

from feedback.models import BehaviourName
from kpis.metrics.sources import Span

PLACES = {
    BehaviourName.BROWSE: 0,
    BehaviourName.ADD_TO_CART: 1,
    BehaviourName.ORDER: 2,
    BehaviourName.PAY: 3,
    BehaviourName.RECEIVE: 4,
}
"""Which step an event is; searching and asking for refunds are none."""
VISITOR = "(hashtextextended(source || ' ' || visitor, 0) | '-9223372036854775808'::bigint)"
"""A number below 0 for a visitor, with 63 bits: of a million, two are one once in twenty million times."""

HAPPENED = f"""
    SELECT coalesce(member_id, {VISITOR}) AS who, at,
        CASE name {" ".join(f"WHEN '{name}' THEN {place}" for name, place in PLACES.items())} END AS place,
        lower(device) AS device, '' AS payment
    FROM feedback_behaviourevent
    WHERE at >= %(start)s AND at < %(end)s::timestamptz + %(window)s
      AND name IN ({", ".join(f"'{name}'" for name in PLACES)})
      AND (member_id IS NOT NULL OR visitor <> '') {{events}}
    UNION ALL
    SELECT member_id, placed_at, 2, '', payment_method FROM compensation_order
    WHERE placed_at >= %(start)s AND placed_at < %(end)s::timestamptz + %(window)s {{orders}}
    UNION ALL
    SELECT member_id, paid_at, 3, '', payment_method FROM compensation_order
    WHERE paid_at >= %(start)s AND paid_at < %(end)s::timestamptz + %(window)s {{orders}}
    UNION ALL
    SELECT member_id, max(delivered_at), 4, '', ''
    FROM compensation_order JOIN compensation_shipment ON order_id = compensation_order.id
    WHERE placed_at >= %(start)s::timestamptz - %(window)s AND placed_at < %(end)s::timestamptz + %(window)s
      {{orders}}
    GROUP BY compensation_order.id
    HAVING bool_and(delivered_at IS NOT NULL) AND max(delivered_at) >= %(start)s
       AND max(delivered_at) < least(%(end)s::timestamptz, placed_at) + %(window)s
"""  # noqa: S608 - our own names
"""An order is received with its last parcel; one that took longer than a way may is in no way."""

FRAME = "(PARTITION BY who ORDER BY at, place, device ROWS BETWEEN UNBOUNDED PRECEDING AND {last})"
WAYS = f"""
    WITH happened AS ({HAPPENED}), looked AS (
        SELECT who, at, place, device, payment,
            max(at) FILTER (WHERE place = 0) OVER {FRAME.format(last="CURRENT ROW")} AS begun,
            max(at) FILTER (WHERE place = 0) OVER {FRAME.format(last="1 PRECEDING")} AS earlier
        FROM happened
    ), carted AS (
        SELECT *, max(begun) FILTER (WHERE place = 1 AND at - begun <= %(window)s) OVER so_far AS in_cart
        FROM looked
        WHERE begun IS NOT NULL AND (place > 0 OR earlier IS NULL
            OR (earlier AT TIME ZONE %(zone)s)::date < (at AT TIME ZONE %(zone)s)::date)
        WINDOW so_far AS {FRAME.format(last="CURRENT ROW")}
    ), ordered AS (
        SELECT *, max(in_cart) FILTER (WHERE place = 2 AND at - in_cart <= %(window)s) OVER so_far AS in_order
        FROM carted WINDOW so_far AS {FRAME.format(last="CURRENT ROW")}
    ), paid AS (
        SELECT *, max(in_order) FILTER (WHERE place = 3 AND at - in_order <= %(window)s) OVER so_far AS in_pay
        FROM ordered WINDOW so_far AS {FRAME.format(last="CURRENT ROW")}
    ), counted AS (
        SELECT who, at, place, device, payment,
            CASE place WHEN 0 THEN at WHEN 1 THEN begun WHEN 2 THEN in_cart WHEN 3 THEN in_order ELSE in_pay
            END AS began
        FROM paid
    ), entries AS (
        SELECT who, (began AT TIME ZONE %(zone)s)::date AS day,
            min(device) FILTER (WHERE place = 0) AS device,
            (array_agg(payment ORDER BY at, payment)
                FILTER (WHERE place > 1 AND payment <> ''))[1] AS payment,
            min(at) FILTER (WHERE place = 0) AS looked_at, min(at) FILTER (WHERE place = 1) AS carted_at,
            min(at) FILTER (WHERE place = 2) AS ordered_at, min(at) FILTER (WHERE place = 3) AS paid_at,
            min(at) FILTER (WHERE place = 4) AS received_at
        FROM counted WHERE began >= %(start)s AND began < %(end)s AND at - began <= %(window)s
        GROUP BY 1, 2
    )
    SELECT who, day, device, coalesce(payment, '') AS payment, looked_at, carted_at, ordered_at, paid_at,
        received_at
    FROM entries
"""  # noqa: S608 - our own names
"""One row for everybody who came in on a day, with when they first came to each step."""

COUNTED = """
    SELECT CASE WHEN who > 0 THEN who END AS member_id, day, device, payment,
        extract(epoch FROM carted_at - looked_at)::bigint AS cart_in,
        extract(epoch FROM ordered_at - carted_at)::bigint AS order_in,
        extract(epoch FROM paid_at - ordered_at)::bigint AS pay_in,
        extract(epoch FROM received_at - paid_at)::bigint AS receive_in,
        (paid_at AT TIME ZONE %(zone)s)::date - day AS paid_after
    FROM ({ways}) ways
"""
"""The same as it is added up: seconds between steps instead of moments."""


def ways(events: str = "", orders: str = "") -> str:
    """The statement of all ways that begin in a time, or of some people: conditions on both tables."""
    return WAYS.format(events=events and f"AND {events}", orders=orders and f"AND {orders}")


def counted(events: str = "", orders: str = "") -> str:
    """The same as `ways` for adding up."""
    return COUNTED.format(ways=ways(events, orders))


def given(span: Span, window_days: int) -> Mapping[str, Any]:
    """What the statements are asked with: which beginnings, and how long a way may take."""
    return {
        "start": span.start,
        "end": span.end,
        "window": timedelta(days=window_days),
        "zone": settings.TIME_ZONE,
    }
