"""Telling the members with a case of a crisis that it is over: each once, in their language, by workers."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from compensation.notices.commands import Telling, notify_all
from feedback.cases.telling import page
from feedback.knowledge.queries import nearest
from feedback.models import Crisis, CrisisCase, CrisisStatus, Language

AT_ONCE = 1_000
LATEST = timedelta(days=30)
"""After so long nobody is told any more."""


def tell_all(*, at: datetime) -> int:
    """Tell those who are still to be told; gives how many cases were looked at."""
    ended = Crisis.objects.filter(status=CrisisStatus.CLOSED, ended_at__gte=at - LATEST).exclude(all_clear="")
    told = 0
    for crisis in ended.order_by("pk"):
        while count := tell_next(crisis=crisis, at=at):
            told += count
    return told


@transaction.atomic
def tell_next(*, crisis: Crisis, at: datetime, limit: int = AT_ONCE) -> int:
    """Tell the members of the next cases that nobody else is at; gives how many cases there were."""
    waiting = CrisisCase.objects.filter(crisis=crisis, told_at=None, left_at=None)
    rows = list(
        waiting.select_for_update(skip_locked=True, of=("self",))
        .select_related("case__member")
        .order_by("pk")[:limit]
    )
    titles: dict[str, str] = {}
    tellings = []
    for row in rows:
        member = row.case.member
        if member.language not in titles:
            with translation.override(member.language):
                titles[member.language] = _("About your case %(number)s: the problem is solved")
        english = nearest(member.language) == Language.ENGLISH and crisis.all_clear_en
        tellings.append(
            Telling(
                member=member,
                kind="crisis.closed",
                key=f"crisis:{crisis.pk}:closed:{member.pk}",
                title=titles[member.language] % {"number": row.case.number},
                body=crisis.all_clear_en if english else crisis.all_clear,
                path=page(row.case.merged_into_id or row.case_id),
            )
        )
    notify_all(tellings, at=at)
    CrisisCase.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=at)
    return len(rows)
