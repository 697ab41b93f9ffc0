"""Who changed what of the configuration, when."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.changes import changes, kind, told
from config.common.errors import Invalid
from config.common.handing_out import offered
from config.common.history import TRACKED
from config.common.keyset import part
from config.common.models import Event, User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page

SEES = "common.see_history"
SIZE = 40


@require_GET
def history(request: StaffRequest) -> HttpResponse:
    """The edits, newest first, of everything, of one kind of thing, of one row or by one person."""
    if not request.user.has_perm(SEES):
        raise PermissionDenied
    model, key, user = (request.GET.get(name, "") for name in ("of", "row", "by"))
    found = asked_changes(request)
    try:
        shown = part(found, "at", after=request.GET.get("after", ""), size=SIZE, newest_first=True)
    except Invalid as error:
        raise Http404 from error
    query = request.GET.copy()
    query.pop("after", None)
    context: dict[str, Any] = {
        "changes": told(shown.rows),
        "after": shown.after,
        "query": query.urlencode(),
        "kinds": sorted((kind(one), name, name == model) for name, one in TRACKED.items()),
        "people": [(one, str(one.pk) == user) for one in User.objects.order_by("name", "username")],
        "row": key,
        "formats": offered(request) if shown.rows else [],
        "is_first": "after" not in request.GET,
    }
    return page(request, "staff/history.html", context, at=timezone.now())


def asked_changes(request: StaffRequest) -> QuerySet[Event]:
    """The edits that the address asks for.

    Raises:
        Http404: a kind of thing that is not tracked, or a row of nothing.
    """
    model, key, user = (request.GET.get(name, "") for name in ("of", "row", "by"))
    if (model and model not in TRACKED) or (key and (not model or id_in(key) is None)):
        raise Http404
    return changes(model=model, key=id_in(key), user=id_in(user))


HISTORY_PAGES = [Page("history/", history, "history")]
HISTORY_MENU = [MenuItem(_("Changes"), "history", "history", (SEES,), group="setup")]
