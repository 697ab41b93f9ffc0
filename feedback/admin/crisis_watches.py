"""What counts as unusual, and what it would have raised in the last weeks."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.crisis_forms import WatchForm
from feedback.crises import finding, past, words
from feedback.models import CrisisBy, CrisisCounting, CrisisWatch

VIEW, CHANGE, ADD = (f"feedback.{what}_crisiswatch" for what in ("view", "change", "add"))


@require_GET
@needs(VIEW)
def watches(request: StaffRequest) -> HttpResponse:
    """The watches, and how far hours are counted."""
    context = {
        "watches": list(CrisisWatch.objects.all()),
        "may_add": request.user.has_perm(ADD),
        "state": CrisisCounting.objects.filter(pk=1).first(),
    }
    return page(request, "feedback/crises/watches.html", context)


@require_http_methods(["GET", "POST"])
@needs(VIEW)
def watch(request: StaffRequest, watch_id: int) -> HttpResponse:
    """One watch: changed, or tried out on the last ninety days first."""
    return _edited(request, get_object_or_404(CrisisWatch, pk=watch_id), CHANGE)


@require_http_methods(["GET", "POST"])
@needs(ADD)
def watch_new(request: StaffRequest) -> HttpResponse:
    """Another watch."""
    return _edited(request, CrisisWatch(code=f"watch-{uuid.uuid4().hex[:8]}"), ADD)


def _edited(request: StaffRequest, one: CrisisWatch, right: str) -> HttpResponse:
    at = timezone.now()
    form = WatchForm(request.POST or None, instance=one)
    may_change, found = request.user.has_perm(right), None
    if request.method == "POST" and form.is_valid():
        if "try" not in request.POST:
            if not may_change:
                raise PermissionDenied
            form.save()
            messages.success(request, _("Kept: in force from the next look on."))
            return redirect("admin:crisis_watches")
        found = _past(form.instance, at)
    context = {"form": form, "watch": one, "found": found, "may_change": may_change, "days": past.DAYS}
    return page(request, "feedback/crises/watch.html", context, at=at, status=400 if form.errors else 200)


def _past(one: CrisisWatch, at: Any) -> dict[str, Any]:
    seen = past.would_have_raised(one.of, list(one.by), finding.terms_of(one), at=at)
    names = words.names_of({episode.key for episode in seen.episodes})
    rows = [
        (episode, CrisisBy(episode.key[0]).label, names[episode.key]) for episode in reversed(seen.episodes)
    ]
    return {"past": seen, "rows": rows}


WATCH_PAGES = [
    Page("crises/watches/", watches, "crisis_watches"),
    Page("crises/watches/new/", watch_new, "crisis_watch_new"),
    Page("crises/watches/<int:watch_id>/", watch, "crisis_watch"),
]
