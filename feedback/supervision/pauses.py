"""Pauses that somebody has to look at, and what the agent is told of the verdict."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.models import User
from feedback.clocks import pauses
from feedback.models import Message, Pause, Verdict
from feedback.org.alerts import alert

ACCEPTED = _("Your pause in case %(number)s counts")
REJECTED = _("Your pause in case %(number)s does not count: %(remark)s")


@transaction.atomic
def review(*, pause_id: int, verdict: str, remark: str = "", actor: User, at: datetime) -> Pause:
    """Say whether a pause counts, and tell whoever paused.

    Raises:
        NotFound, NotPermitted, Invalid: see clocks.pauses.review.
    """
    pause = pauses.review(pause_id=pause_id, verdict=verdict, remark=remark, actor=actor, at=at)
    if pause.paused_by is not None and (case := pause.clock.case) is not None:
        alert(
            users=[pause.paused_by],
            case=case,
            kind=f"pause.{pause.verdict}",
            key=f"pause:{pause.pk}:{pause.verdict}:{at.isoformat()}",
            title=REJECTED if pause.verdict == Verdict.REJECTED else ACCEPTED,
            data={"remark": pause.remark},
            at=at,
        )
    return pause


def to_review(departments: Iterable[int]) -> QuerySet[Pause]:
    """The pauses of some departments that wait for a verdict, longest first. Page by (from_at, id)."""
    found = Pause.objects.filter(needs_review=True, verdict="", clock__department__in=list(departments))
    return found.select_related(*SHOWN).order_by("from_at", "pk")


def reviewed(departments: Iterable[int]) -> QuerySet[Pause]:
    """Those that have one, newest first. Page by (reviewed_at, id)."""
    found = Pause.objects.filter(~Q(verdict=""), clock__department__in=list(departments))
    return found.select_related(*SHOWN, "reviewed_by").order_by("-reviewed_at", "-pk")


SHOWN = ("clock__case__member", "clock__department", "clock__policy_version__policy", "paused_by")


def last_words(pauses: Iterable[Pause]) -> dict[int, Message]:
    """Why we could not go on: what was noted when each pause began, else last said before it. One query."""
    rows = list(pauses)
    found: dict[int, Message] = {}
    if not rows:
        return found
    noted = Q(is_public=True) | Q(at__in={one.from_at for one in rows})
    messages = Message.objects.filter(noted, case__in={one.clock.case_id for one in rows})
    said = list(messages.filter(at__lte=max(one.from_at for one in rows)).order_by("at", "pk"))
    for pause in rows:
        before = [one for one in said if one.case_id == pause.clock.case_id and one.at <= pause.from_at]
        if before:
            found[pause.pk] = before[-1]
    return found
