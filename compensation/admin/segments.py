"""Segments: the list with their counts, the form with a count while one chooses, and who is in one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from compensation.admin.access import needs
from compensation.members.masking import masked_email, masked_phone
from compensation.models import Segment
from compensation.segments import commands, queries
from compensation.segments.filters import PAIRS
from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.handing_out import offered
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page

VIEW, ADD, CHANGE = (f"compensation.{act}_segment" for act in ("view", "add", "change"))
DELETE, LIST, MEMBERS = "compensation.delete_segment", "compensation.list_segment", "compensation.view_member"
ON_PAGE = 50
GROUPS = [
    (gettext_lazy("Who"), ["tier", "registered_from", "region", "city", "birthday_month"]),
    (
        gettext_lazy("What they bought"),
        ["orders_from", "last_order_from", "year_from", "spent_from", "top_percent", "category"],
    ),
    (gettext_lazy("Points, coupons, consent"), ["points_from", "coupons_used", "consent", "reachable"]),
]
"""The criteria as the form has them; the upper end of a pair stands beside the lower."""


class SegmentForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What a segment is called."""

    class Meta:
        model = Segment
        fields = ["code", "name", "name_en", "note"]


@require_GET
@needs(VIEW)
def listed(request: StaffRequest) -> HttpResponse:
    """The segments, how many members each has, and what goes by it."""
    segments = list(Segment.objects.order_by("code"))
    uses = commands.uses_of(segments)
    context = {
        "rows": [(one, uses[one.pk]) for one in segments],
        "formats": offered(request),
        "may_add": request.user.has_perm(ADD),
        "may_list": request.user.has_perms([LIST, MEMBERS]),
    }
    return page(request, "compensation/segments/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW)
def edit(request: StaffRequest, segment_id: int | None = None) -> HttpResponse:
    """A segment's form, or an empty one; keeping it needs the right to."""
    segment = get_object_or_404(Segment, pk=segment_id) if segment_id else Segment()
    may_save = request.user.has_perm(CHANGE if segment_id else ADD)
    if not may_save and (request.method == "POST" or not segment_id):
        raise PermissionDenied
    form = SegmentForm(request.POST or None, instance=segment)
    given: Any = request.POST if request.method == "POST" else segment.filters
    refusal = ""
    if request.method == "POST" and form.is_valid():
        typed = {name: request.POST.getlist(name) for name in queries.criteria() if name in request.POST}
        try:
            kept = commands.save(segment=form.instance, filters=typed, actor=request.user, at=timezone.now())
        except Invalid as error:
            refusal = str(error)
        else:
            messages.success(request, _("The segment is kept."))
            return redirect("admin:segment", kept.pk)
    context = {
        "segment": segment,
        "form": form,
        "groups": _groups(given),
        "refusal": refusal,
        "may_save": may_save,
        "may_delete": bool(segment_id) and request.user.has_perm(DELETE),
        "may_list": bool(segment_id) and request.user.has_perms([LIST, MEMBERS]),
    }
    return page(
        request, "compensation/segments/form.html", context, status=400 if form.errors or refusal else 200
    )


@require_POST
@needs(VIEW)
def count(request: StaffRequest) -> HttpResponse:
    """How many members there are by what is chosen in the form at this moment."""
    typed = {name: request.POST.getlist(name) for name in queries.criteria() if name in request.POST}
    context: dict[str, Any] = {}
    try:
        context["found"] = queries.about(queries.clean(typed), timezone.now())
    except Invalid as error:
        context["refusal"] = str(error)
    return page(request, "compensation/segments/count.html", context)


@require_POST
@needs(VIEW, DELETE)
def delete(request: StaffRequest, segment_id: int) -> HttpResponse:
    """Delete a segment that nothing goes by; else say what does."""
    try:
        commands.delete(segment_id=segment_id, actor=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("admin:segment", segment_id)
    messages.success(request, _("The segment is deleted."))
    return redirect("admin:segments")


@require_GET
@needs(VIEW, LIST, MEMBERS)
def members(request: StaffRequest, segment_id: int) -> HttpResponse:
    """Who is in a segment now, those who came last first; on pages that go on after the last row."""
    segment = get_object_or_404(Segment, pk=segment_id)
    after, refusal, rows = id_in(request.GET.get("after")), "", []
    try:
        found = queries.members(segment, timezone.now()).select_related("tier").order_by("-pk")
        rows = list((found.filter(pk__lt=after) if after else found)[: ON_PAGE + 1])
    except Invalid as error:
        refusal = str(error)
    context = {
        "segment": segment,
        "refusal": refusal,
        "rows": [
            (
                one,
                masked_phone(one.phone),
                masked_email(one.email),
                reverse("admin:compensation_member_change", args=[one.pk]),
            )
            for one in rows[:ON_PAGE]
        ],
        "more": rows[ON_PAGE - 1].pk if len(rows) > ON_PAGE else None,
    }
    return page(request, "compensation/segments/members.html", context)


def _groups(given: Any) -> list[tuple[Any, list[list[Any]]]]:
    """The fields of the form in their groups, each with the upper end of its pair."""
    form = queries.filter_of(given, timezone.now()).form
    uppers = dict(PAIRS)
    return [
        (title, [[form[name], *([form[uppers[name]]] if name in uppers else [])] for name in names])
        for title, names in GROUPS
    ]


SEGMENT_PAGES = [
    Page("segments/", listed, "segments"),
    Page("segments/new/", edit, "segment_new"),
    Page("segments/count/", count, "segment_count"),
    Page("segments/<int:segment_id>/", edit, "segment"),
    Page("segments/<int:segment_id>/delete/", delete, "segment_delete"),
    Page("segments/<int:segment_id>/members/", members, "segment_members"),
]
SEGMENT_MENU = [
    MenuItem(gettext_lazy("Segments"), "segments", "groups", (VIEW,), group="customers"),
]
