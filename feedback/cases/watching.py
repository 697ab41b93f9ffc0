"""Following a case without working on it: who watches is told of what matters."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound
from config.common.events import record
from config.common.models import User
from feedback.cases.locking import lock
from feedback.cases.queries import visible_to
from feedback.models import Case, Watcher
from feedback.org.alerts import alert

MEMBER_WROTE = _("The member wrote in case %(number)s, which you watch")
ASSIGNED = _("%(agent)s works on case %(number)s, which you watch")
MOVED = _("Case %(number)s, which you watch, went to %(department)s")


@transaction.atomic
def watch(*, case_id: int, user: User, actor: User | None, at: datetime) -> Watcher:
    """Have a colleague told of what matters in a case. To watch twice changes nothing.

    Raises:
        NotFound: there is no such case.
        Invalid: the colleague may not see the case.
    """
    case = lock(case_id)
    if not (user.is_active and visible_to(user).filter(pk=case_id).exists()):
        raise Invalid(_("%(name)s may not see this case.") % {"name": user})
    watcher, is_new = Watcher.objects.get_or_create(case=case, user=user, defaults={"since": at, "by": actor})
    if is_new:
        record("case.watched", case, actor=actor, at=at, user=user.pk)
    return watcher


@transaction.atomic
def unwatch(*, case_id: int, user: User, actor: User | None, at: datetime) -> None:
    """Tell a colleague no longer. Who does not watch stays so.

    Raises:
        NotFound: there is no such case.
    """
    case = lock(case_id)
    removed, _each = Watcher.objects.filter(case=case, user=user).delete()
    if removed:
        record("case.unwatched", case, actor=actor, at=at, user=user.pk)


def watchers_of(case: Case) -> QuerySet[User]:
    """Give the colleagues who watch a case, the longest first."""
    return User.objects.filter(watched__case=case, is_active=True).order_by("watched__since", "pk")


def watches(case: Case, user: User) -> bool:
    """Tell whether a colleague watches a case."""
    return Watcher.objects.filter(case=case, user=user).exists()


def tell_watchers(
    case: Case,
    *,
    kind: str,
    key: str,
    title: Promise,
    at: datetime,
    data: dict[str, Any] | None = None,
    besides: Iterable[User | None] = (),
) -> None:
    """Alert who watches a case and may still see it, in the transaction of what they are told of.

    Not those named `besides`, who know.
    """
    known = {user.pk for user in besides if user is not None}
    told = [
        user
        for user in watchers_of(case)
        if user.pk not in known and visible_to(user).filter(pk=case.pk).exists()
    ]
    if told:
        alert(users=told, case=case, kind=kind, key=key, title=title, at=at, data=data)


def get_user(user_id: int | None) -> User:
    """Give an active colleague.

    Raises:
        NotFound: there is none.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id else None
    if user is None:
        raise NotFound
    return user
