"""Needs: the register, and a need with what speaks for it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from compensation.models import Segment
from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, NotFound
from config.common.events import timeline
from config.common.models import Event
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sending import sent_once
from feedback.admin.access import needs
from feedback.admin.listening import perform
from feedback.admin.panels import Panel
from feedback.models import Department
from surveys.admin.need_links import ADD, LINK, LINK_PAGES, linked
from surveys.models import Need, NeedState
from surveys.needs import commands, kano, queries
from surveys.needs.rules import FEW
from surveys.needs.words import SOURCE_NAMES, happened

VIEW, CHANGE = "surveys.view_need", "surveys.change_need"
NEED_PANELS: list[Callable[[StaffRequest, Need, datetime], Panel | None]] = []
"""What apps above show on a need's page, such as improvements; None where they have nothing to say."""
NONE = ("", gettext_lazy("all"))


class NeedForm(forms.Form):
    """What a need is, and who looks after it."""

    name = forms.CharField(label=gettext_lazy("need"), max_length=commands.NAME)
    name_en = forms.CharField(label=gettext_lazy("in English"), max_length=commands.NAME, required=False)
    about = forms.CharField(
        label=gettext_lazy("description"), max_length=commands.ABOUT, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    department = forms.ModelChoiceField(
        label=gettext_lazy("department"), queryset=Department.objects.filter(is_active=True), required=False
    )


class NeedFilter(forms.Form):
    """What the register is narrowed to."""

    state = forms.ChoiceField(required=False, label=gettext_lazy("state"), choices=[NONE, *NeedState.choices])
    source = forms.ChoiceField(
        required=False, label=gettext_lazy("spoken of in"), choices=[NONE, *SOURCE_NAMES.items()]
    )
    department = forms.ModelChoiceField(
        label=gettext_lazy("department"),
        queryset=Department.objects.all(),
        required=False,
        empty_label=NONE[1],
    )


@require_GET
@needs(VIEW)
def register(request: StaffRequest) -> HttpResponse:
    """All needs: must-be and unmet on top."""
    return _register(request)


def _register(request: StaffRequest, form: NeedForm | None = None) -> HttpResponse:
    narrow = NeedFilter(request.GET)
    found = queries.standing()
    rows: list[queries.Row] = []
    if narrow.is_valid():
        asked: dict[str, Any] = narrow.cleaned_data
        wanted = {name: asked[name] for name in ("state", "department") if asked[name]}
        rows = queries.register(found.filter(**wanted), source=asked["source"])
    context = {
        "rows": rows,
        "narrow": narrow,
        "form": form or NeedForm(),
        "sources": SOURCE_NAMES.items(),
        "may_add": request.user.has_perm(ADD),
        "failed": form is not None,
    }
    return page(request, "surveys/needs/register.html", context, status=400 if form or narrow.errors else 200)


@require_POST
@needs(VIEW)
def create(request: StaffRequest) -> HttpResponse:
    """Put a need into the register."""
    if not request.user.has_perm(ADD):
        raise PermissionDenied
    form = NeedForm(request.POST)
    if not form.is_valid():
        return _register(request, form)
    try:
        given = {**form.cleaned_data, "actor": request.user, "at": timezone.now()}
        need = sent_once(request, lambda: commands.create(**given), Need)
    except DomainError as error:
        form.add_error("name", str(error))
        return _register(request, form)
    return redirect("admin:need", need.pk)


@require_GET
@needs(VIEW)
def need_page(request: StaffRequest, pk: int) -> HttpResponse:
    """A need: what it is to whom, what speaks for it, since when, what became of it."""
    return _show(request, pk)


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    need = get_object_or_404(Need.objects.select_related("department"), pk=pk)
    if need.merged_into_id is not None and error is None:
        return redirect("admin:need", need.merged_into_id)
    at, user = timezone.now(), request.user
    [row] = queries.register(Need.objects.filter(pk=pk).select_related("department"))
    trend = queries.trend(need, timezone.localtime(at).date())
    most = max((number for _month, number in trend), default=0) or 1
    others = queries.standing().exclude(pk=pk).order_by("name", "pk")[:200]
    names = {one.code: str(one) for one in Segment.objects.filter(code__in=row.kano.segments)}
    panels = [panel for make in NEED_PANELS if (panel := make(request, need, at))]
    context = {
        "need": need,
        "row": row,
        "segments": [
            (names.get(code, code), kano.named(one.category), one, one.n < FEW)
            for code, one in row.kano.segments.items()
        ],
        "voices": [(SOURCE_NAMES[one.source], one) for one in queries.voices(need, user)],
        "trend": [(month, number, round(100 * number / most)) for month, number in trend],
        "history": [(one, happened(one)) for one in _moves(need)],
        "others": others,
        "states": NeedState.choices,
        "form": NeedForm(
            initial={
                "name": need.name,
                "name_en": need.name_en,
                "about": need.about,
                "department": need.department,
            }
        ),
        "panels": panels,
        "may_change": user.has_perm(CHANGE),
        "may_link": user.has_perm(LINK),
        "error": error,
    }
    return page(request, "surveys/needs/need.html", context, at=at, status=error.status if error else 200)


def _moves(need: Need) -> QuerySet[Event]:
    """What happened to a need, newest first; what speaks for it stands above."""
    return timeline([need]).exclude(kind__in=["need.linked", "need.unlinked"]).order_by("-id")[:30]


@require_POST
@needs(VIEW)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Edit a need, say what became of it, let it go into another, take evidence away or put some to it."""
    given, user, at = request.POST, request.user, timezone.now()

    def edit() -> Need:
        form = NeedForm(given)
        if not form.is_valid():
            raise Invalid(" ".join(str(one[0]) for one in form.errors.values()))
        return commands.edit(need_id=pk, **form.cleaned_data, actor=user, at=at)

    def merge() -> Need:
        into = id_in(given.get("into"))
        if into is None:
            raise Invalid(_("Choose a need."))
        return commands.merge(need_id=pk, into_id=into, actor=user, at=at)

    def unlink() -> Need:
        evidence = id_in(given.get("evidence"))
        if evidence is None:
            raise NotFound
        return commands.unlink(evidence_id=evidence, actor=user, at=at)

    def link() -> Need:
        linked(pk, given.getlist("row"), user, at)
        return get_object_or_404(Need, pk=pk)

    moves: dict[str, tuple[str, Callable[[], Need]]] = {
        "edit": (CHANGE, edit),
        "state": (
            CHANGE,
            lambda: commands.set_state(need_id=pk, state=given.get("state", ""), actor=user, at=at),
        ),
        "merge": (CHANGE, merge),
        "unlink": (LINK, unlink),
        "link": (LINK, link),
    }
    if name not in moves:
        raise Http404
    needed, what = moves[name]
    return perform(
        request,
        needed,
        what,
        lambda error: _show(request, pk, error=error),
        lambda need: redirect("admin:need", need.pk),
    )


NEED_PAGES = [
    Page("needs/", register, "needs"),
    Page("needs/new/", create, "need_new"),
    *LINK_PAGES,
    Page("needs/<int:pk>/", need_page, "need"),
    Page("needs/<int:pk>/<slug:name>/", act, "need_act"),
]
NEED_MENU = [MenuItem(gettext_lazy("Needs"), "needs", "emoji_objects", (VIEW,), group="customers")]
