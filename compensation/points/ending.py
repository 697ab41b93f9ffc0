"""Warning members before their points end: once for all that end in one month."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import get_default_timezone_name, localtime
from django.utils.translation import ngettext

from compensation.models import Member, PointsRule
from compensation.notices.commands import Telling, notify_all

DUE = """
WITH ending AS (
    SELECT account.member_id AS member, lot.remaining, lot.expires_at,
      to_char(lot.expires_at AT TIME ZONE %(zone)s - interval '1 second', 'YYYYMM') AS month
    FROM compensation_lot AS lot JOIN compensation_account AS account ON account.id = lot.account_id
    WHERE lot.remaining > 0 AND account.kind = 'member' AND lot.expires_at > %(at)s
      AND lot.expires_at <= (date_trunc('month', %(soon)s AT TIME ZONE %(zone)s) + interval '1 month')
          AT TIME ZONE %(zone)s
)
SELECT ending.member, 'points:' || ending.member || ':ends:' || ending.month, sum(ending.remaining),
  min(ending.expires_at)
FROM ending JOIN compensation_member AS member ON member.id = ending.member AND member.erased_at IS NULL
WHERE NOT EXISTS (
    SELECT FROM compensation_notice AS notice
    WHERE notice.key = 'points:' || ending.member || ':ends:' || ending.month
)
GROUP BY ending.member, ending.month HAVING min(ending.expires_at) <= %(soon)s
ORDER BY ending.member, ending.month LIMIT %(limit)s
"""


@transaction.atomic
def warn_due(*, at: datetime, limit: int = 2_000) -> int:
    """Tell members whose points end within the rule's days, once a month of ends; gives how many were told.

    Two passes at once tell nobody twice.
    """
    days = PointsRule.objects.values_list("notice_days", flat=True).first() or 0
    if not days:
        return 0
    soon = at + timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"at": at, "soon": soon, "zone": get_default_timezone_name(), "limit": limit})
        due = cursor.fetchall()
    members = Member.objects.in_bulk({row[0] for row in due})
    tellings = [_warning(members[member], key, int(points), first) for member, key, points, first in due]
    notify_all(tellings, at=at)
    return len(tellings)


def _warning(member: Member, key: str, points: int, first: datetime) -> Telling:
    with translation.override(member.language):
        last = date_format(localtime(first - timedelta(seconds=1)), "DATE_FORMAT")
        body = ngettext(
            "%(points)s point of yours can be used until %(day)s.",
            "%(points)s points of yours end that month, the first of them after %(day)s.",
            points,
        )
        return Telling(
            member=member,
            kind="points.ending",
            key=key,
            title=ngettext("%(points)s point ends soon", "%(points)s points end soon", points)
            % {"points": points},
            body=body % {"points": points, "day": last},
            path="/portal/wallet/",
        )
