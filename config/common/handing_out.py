"""Lists as files, for every page and changelist that offers them."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from config.common.errors import NotFound, NotPermitted
from config.common.screens import StaffRequest
from config.common.sheets import EXPORTS, FILES, Table, TooLong, export

SECRET = frozenset({"q", "after", "page"})
"""What of an address is not put on record: a search may name a person."""


def answer(request: StaffRequest, kind: str, table: Table, *, back: str) -> HttpResponseBase:
    """Hand the list out; one that is too long leads back to its page, which says so.

    Raises:
        Http404: no such kind of file.
        PermissionDenied: the person may not take lists out.
    """
    try:
        return export(request.user, kind, table, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except NotPermitted as error:
        raise PermissionDenied from error
    except TooLong as error:
        messages.error(request, str(error))
        query = request.GET.urlencode()
        return redirect(f"{back}?{query}" if query else back)


def filters(request: StaffRequest) -> dict[str, str]:
    """What the list is narrowed to, as far as it goes on record."""
    return {name: str(value) for name, value in request.GET.items() if value and name not in SECRET}


def offered(request: StaffRequest) -> list[str]:
    """The kinds of files that a page offers this person."""
    return list(FILES) if request.user.has_perm(EXPORTS) else []
