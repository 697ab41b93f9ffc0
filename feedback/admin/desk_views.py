"""Saved views: the form in which one is put together, and how the desk is arranged."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from compensation.models import Tier
from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.desk_list import VIEW_NAMES, Desk
from feedback.cases.filtering import DUE, SORT_NAMES
from feedback.cases.queue import VIEWS
from feedback.desk import views
from feedback.desk.views import COLUMNS, SHARE, USUAL
from feedback.models import CaseKind, CaseStatus, Channel, Feeling, Priority, SavedView, VoiceAspect
from feedback.org.queries import departments_of

FIELDS = ("kinds", "channels", "statuses", "priorities", "tiers", "departments", "aspects", "feelings")
WORK = "feedback.work_case"


@require_http_methods(["GET", "HEAD", "POST"])
@needs(WORK)
def edit(request: StaffRequest) -> HttpResponse:
    """The form of a view: the one named, or a new one from what the list is narrowed to now."""
    view_id = id_in(request.POST.get("id") or request.GET.get("id"))
    if request.method == "POST":
        return _save(request, view_id)
    if view_id is not None:
        row = SavedView.objects.filter(owner=request.user, pk=view_id).first()
        if row is None:
            raise Http404
        shared = set(row.departments.values_list("pk", flat=True))
        given = {**row.filter, "name": row.name, "sort": row.sort, "columns": row.columns, "shared": shared}
    else:
        now = Desk(request, timezone.now())
        narrow = now.listed.narrow.to_json()
        given = {"view": now.listed.view, **narrow, "sort": now.listed.sort, "columns": list(now.columns)}
    return _form(request, view_id, given)


def _save(request: StaffRequest, view_id: int | None) -> HttpResponse:
    post = request.POST
    given = _given(post)
    try:
        row = views.save_view(
            user=request.user,
            view_id=view_id,
            name=given["name"],
            base=given["view"],
            narrow=given,
            sort=given["sort"],
            columns=given["columns"],
            departments=given["shared"],
        )
    except DomainError as error:
        return _form(request, view_id, given, error=str(error), status=error.status)
    messages.success(request, _("The view is kept."))
    return _go(request, f"{reverse('admin:desk')}?view=view-{row.pk}")


def _given(post: QueryDict) -> dict[str, Any]:
    """What was chosen, as far as it can be read."""
    numbers = {pk for text in post.getlist("shared") if (pk := id_in(text)) is not None}
    return {
        "name": post.get("name", ""),
        "view": post.get("base", ""),
        "due": post.get("due", ""),
        "sort": post.get("sort", ""),
        "columns": post.getlist("columns"),
        "shared": numbers,
        **{field: post.getlist(field) for field in FIELDS},
    }


def _form(
    request: StaffRequest, view_id: int | None, given: dict[str, Any], *, error: str = "", status: int = 200
) -> HttpResponse:
    ours = list(departments_of(request.user))
    statuses = [one for one in CaseStatus.choices if one[0] != CaseStatus.CLOSED]

    def boxes(name: str, title: str, choices: Any) -> tuple[str, str, list[tuple[str, str, bool]]]:
        chosen = {str(one) for one in given.get(name) or ()}
        return name, title, [(str(v), str(text), str(v) in chosen) for v, text in choices]

    context = {
        "view_id": view_id,
        "given": given,
        "error": error,
        "bases": [(view, VIEW_NAMES[view][0]) for view in VIEWS],
        "dues": [("", _("any")), *((name, text) for name, (text, _within) in DUE.items())],
        "sorts": SORT_NAMES.items(),
        "groups": [
            boxes("kinds", _("kind"), CaseKind.choices),
            boxes("channels", _("channel"), Channel.choices),
            boxes("statuses", _("status"), statuses),
            boxes("priorities", _("priority"), reversed(Priority.choices)),
            boxes("aspects", _("about"), VoiceAspect.choices),
            boxes("feelings", _("feeling"), Feeling.choices),
            boxes("tiers", _("tier"), Tier.objects.order_by("rank").values_list("pk", "name")),
            boxes("departments", _("department"), [(one.pk, one) for one in ours]),
        ],
        "columns": boxes("columns", _("columns"), COLUMNS.items()),
        "shared": boxes("shared", _("shared with"), [(one.pk, one) for one in ours])
        if request.user.has_perm(SHARE)
        else None,
    }
    template = "feedback/desk/view_form.html" if request.htmx else "feedback/desk/alone.html"
    context["part"] = "feedback/desk/view_form.html"
    return page(request, template, context, status=status)


@require_POST
@needs(WORK)
def delete(request: StaffRequest, view_id: int) -> HttpResponse:
    """Delete one of the person's own views."""
    try:
        views.delete_view(user=request.user, view_id=view_id)
    except DomainError as error:
        raise Http404 from error
    messages.success(request, _("The view is deleted."))
    return _go(request, reverse("admin:desk"))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(WORK)
def arrange(request: StaffRequest) -> HttpResponse:
    """The order of the views, which are shown, and what a row shows."""
    error = ""
    if request.method == "POST":
        order, shown = request.POST.getlist("order"), set(request.POST.getlist("shown"))
        try:
            views.arrange(
                user=request.user,
                order=order,
                hidden=[code for code in order if code not in shown],
                columns=request.POST.getlist("columns"),
            )
        except DomainError as refusal:
            error = str(refusal)
        else:
            messages.success(request, _("The desk is arranged."))
            return _go(request, reverse("admin:desk"))
    desk = Desk(request, timezone.now())
    places = {code: place for place, code in enumerate(desk.setup.order)}
    codes = sorted([*VIEWS, *desk.kept], key=lambda code: places.get(code, len(places)))
    named: dict[str, object] = {view: VIEW_NAMES[view][0] for view in VIEWS}
    named |= {code: kept.row.name for code, kept in desk.kept.items()}
    columns = desk.setup.columns or USUAL
    context = {
        "error": error,
        "views": [(code, named[code], code not in desk.setup.hidden, desk.kept.get(code)) for code in codes],
        "columns": [(name, label, name in columns) for name, label in COLUMNS.items()],
        "part": "feedback/desk/arrange.html",
    }
    template = "feedback/desk/arrange.html" if request.htmx else "feedback/desk/alone.html"
    return page(request, template, context, status=400 if error else 200)


def _go(request: StaffRequest, path: str) -> HttpResponse:
    """Lead the browser to a page, from a dialog too."""
    if not request.htmx:
        return redirect(path)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = path
    return response
