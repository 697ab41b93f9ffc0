"""Counting the ways of some days, again and again with the same outcome, and what holds for the funnel."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from config.common.events import record
from config.common.models import User
from kpis.funnels.counting import counted, given
from kpis.funnels.held import kept_since
from kpis.metrics.rollup import find_segments
from kpis.models import FunnelCohort, FunnelKept, FunnelTerms
from kpis.models.funnel import LONGEST_WINDOW
from kpis.snapshots.calendar import days_span

LOCK = "SELECT pg_advisory_xact_lock(hashtext('kpis.funnel'))"
"""Counting and keeping wait for each other: nobody is counted both as themselves and as kept, or neither.

So do counting and setting terms: no day is counted by terms that are no longer held and taken for fresh.
"""
MEMORY = "SET LOCAL work_mem = '128MB'; SET LOCAL hash_mem_multiplier = 2"
TAKEN = """
INSERT INTO kpis_funnelcohort AS held (day, window_days, taken_at)
SELECT day::date, %(days)s, %(at)s FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') day
ON CONFLICT (day) DO UPDATE
SET window_days = excluded.window_days, taken_at = excluded.taken_at, stale_at = NULL
"""
LISTED = """
DROP TABLE IF EXISTS pg_temp.kpis_way;
CREATE TEMP TABLE kpis_way ON COMMIT DROP AS {ways}
"""
GONE = "DELETE FROM kpis_funnelday WHERE day BETWEEN %(first)s AND %(last)s"
ADDED = """
INSERT INTO kpis_funnelday (day, segment, device, payment, browsed, carted, ordered, paid, received,
    cart_seconds, order_seconds, pay_seconds, receive_seconds, paid_after)
SELECT day, segment, device, payment, browsed, carted, ordered, paid, received,
    cart_seconds, order_seconds, pay_seconds, receive_seconds,
    ARRAY(SELECT count(known) FROM generate_series(0, %(days)s) later
          LEFT JOIN unnest(after) known ON known = later GROUP BY later ORDER BY later)
FROM (
    SELECT day, segment, device, payment, count(*) AS browsed, count(cart_in) AS carted,
        count(order_in) AS ordered, count(pay_in) AS paid, count(receive_in) AS received,
        coalesce(sum(cart_in), 0) AS cart_seconds, coalesce(sum(order_in), 0) AS order_seconds,
        coalesce(sum(pay_in), 0) AS pay_seconds, coalesce(sum(receive_in), 0) AS receive_seconds,
        array_agg(paid_after) FILTER (WHERE paid_after IS NOT NULL) AS after
    FROM (
        SELECT '' AS segment, day, device, payment, cart_in, order_in, pay_in, receive_in, paid_after
        FROM kpis_way
        UNION ALL
        SELECT code, day, device, payment, cart_in, order_in, pay_in, receive_in, paid_after
        FROM kpis_way JOIN kpis_in_segment USING (member_id)
        UNION ALL
        SELECT segment, day, device, payment, cart_in, order_in, pay_in, receive_in, paid_after
        FROM kpis_funnelkept CROSS JOIN unnest(array_prepend('', segments)) segment
        WHERE day BETWEEN %(first)s AND %(last)s
    ) each
    GROUP BY day, segment, device, payment
) added
"""


@transaction.atomic
def take(*, first: date, last: date, at: datetime) -> None:
    """Count the ways that begin on some days and put them in the place of what was known.

    Days of which raw events are gone already stay as they were counted. Two takers follow one another. What
    came in before it began is in it.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        terms = FunnelTerms.objects.first() or FunnelTerms()
        first = max(first, kept_since(at))
        if first > last:
            return
        asked: dict[str, Any] = {"first": first, "last": last, "at": at, "days": terms.window_days}
        cursor.execute(TAKEN, asked)  # first: facts that come in meanwhile make a day stale again
        cursor.execute(MEMORY)
        cursor.execute(LISTED.format(ways=counted()), given(days_span(first, last), terms.window_days))
        cursor.execute("ANALYZE kpis_way")
        find_segments(cursor, "SELECT member_id FROM kpis_way WHERE member_id IS NOT NULL")
        cursor.execute(GONE, asked)
        cursor.execute(ADDED, asked)


@transaction.atomic
def set_terms(*, terms: FunnelTerms, actor: User, at: datetime) -> FunnelTerms:
    """Say how long a way may take and how many may be lost; another time has the days counted anew.

    Raises:
        Invalid: the time is not between a day and sixty.
    """
    if not 1 <= terms.window_days <= LONGEST_WINDOW:
        raise Invalid(
            _("A way may take from 1 to %(most)s days.") % {"most": LONGEST_WINDOW}, field="window_days"
        )
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
    FunnelTerms.objects.get_or_create(pk=1)
    held = FunnelTerms.objects.select_for_update().get(pk=1)
    names = [field.name for field in FunnelTerms._meta.fields if field.name != "id"]
    changed = {name: getattr(terms, name) for name in names if getattr(terms, name) != getattr(held, name)}
    for name, value in changed.items():
        setattr(held, name, value)
    if changed:
        held.save(update_fields=changed)
        record("funnel.terms_set", held, actor=actor, at=at, **changed)
    if "window_days" in changed:
        FunnelCohort.objects.filter(day__gte=kept_since(at), stale_at=None).update(stale_at=at)
    return held


def let_go(*, at: datetime) -> int:
    """Delete kept ways of days that are never counted again; give how many."""
    return FunnelKept.objects.filter(day__lt=kept_since(at) - timedelta(1)).delete()[0]
