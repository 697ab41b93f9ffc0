"""Who has a case open just now, and who is writing in it, so that two do not answer at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from config.common import live
from config.common.models import User
from feedback.cases import mentions
from feedback.models import Case, Reader

HERE = timedelta(seconds=45)  # a page says that it is open every 20 seconds
TYPING = timedelta(seconds=12)  # and that somebody types every 5
KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Present:
    """A colleague who has the case open."""

    user_id: int
    name: str
    is_typing: bool


def topic(case_id: int) -> str:
    """What rings when somebody comes, goes, or begins to write."""
    return f"reading:{case_id}"


@transaction.atomic
def here(*, case: Case, user: User, typing: bool, at: datetime) -> None:
    """Note that somebody has the case open, and what they were named in is read. Tells the others if news."""
    row = Reader.objects.filter(case=case, user=user).first()
    was_here = row is not None and row.seen_at > at - HERE
    was_typing = row is not None and row.typing_at is not None and row.typing_at > at - TYPING
    Reader.objects.bulk_create(
        [Reader(case=case, user=user, seen_at=at, typing_at=at if typing else None)],
        update_conflicts=True,
        unique_fields=["case", "user"],
        update_fields=["seen_at", "typing_at"],
    )
    mentions.read(case, user=user, at=at)
    if not was_here or was_typing != typing:
        live.publish(topic(case.pk))


@transaction.atomic
def gone(*, case_id: int, user: User) -> None:
    """Note that somebody has closed the case."""
    if Reader.objects.filter(case=case_id, user=user).delete()[0]:
        live.publish(topic(case_id))


def others(case_id: int, user: User, *, at: datetime) -> list[Present]:
    """The colleagues who have the case open, those who write first."""
    rows = (
        Reader.objects.filter(case=case_id, seen_at__gt=at - HERE)
        .exclude(user=user)
        .select_related("user")
        .order_by(F("typing_at").desc(nulls_last=True), "user__name", "user")
    )
    return [
        Present(row.user_id, str(row.user), row.typing_at is not None and row.typing_at > at - TYPING)
        for row in rows
    ]


def forget_old(*, at: datetime) -> int:
    """Forget who has long gone without saying so; gives how many."""
    return Reader.objects.filter(seen_at__lt=at - KEPT).delete()[0]
