"""Who gets to the pages about cases, and to which case."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase

from config.common.errors import NotFound
from config.common.models import User
from config.common.screens import StaffRequest
from feedback.cases.queries import READS, get_for
from feedback.models import Case
from feedback.org.queries import remember

P = ParamSpec("P")
View = Callable[Concatenate[StaffRequest, P], HttpResponseBase]

__all__ = ["READS", "case_or_404", "needs"]


def needs(*permissions: str) -> Callable[[View[P]], View[P]]:
    """Let a view answer only staff who have one of the permissions; others are refused."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: StaffRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not any(request.user.has_perm(name) for name in permissions):
                raise PermissionDenied
            remember(request.user)
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def case_or_404(user: User, case_id: int) -> Case:
    """The case, if this person may see it; to everybody else there is no such page.

    Raises:
        Http404: there is no such case for this person.
    """
    try:
        return get_for(user, case_id)
    except NotFound as error:
        raise Http404 from error
