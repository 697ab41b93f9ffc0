"""What members care about, for people: beside a case, on the member's page, and how it is reckoned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from compensation.models import Member
from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.words import plain
from feedback.admin.access import needs
from feedback.admin.panels import Panel
from feedback.expectations import commands, queries, setup
from feedback.expectations.commands import Preview
from feedback.expectations.queries import Portrait
from feedback.models import Cared, Case, ExpectationSetup, GroupMean, SearchWord, Sign

SEES = "feedback.view_memberexpectation"
VIEW, CHANGE = "feedback.view_signweight", "feedback.change_signweight"
LONGEST = 12


def beside(request: StaffRequest, case: Case, _at: datetime) -> Panel | None:
    """What the member of a case cares about, and what speaks for it."""
    if not request.user.has_perm(SEES):
        return None
    found = queries.of_member(case.member_id)
    if found is None:
        return None
    return Panel(gettext_lazy("What they care about"), "feedback/expectations/panel.html", _context(found))


def _context(found: Portrait) -> dict[str, Any]:
    return {"found": found, "evidence": [(one, queries.in_words(one)) for one in found.evidence]}


def cares_of_member(member: Member) -> tuple[Any, Any]:
    """What a member cares about, for the member's page."""
    title = gettext_lazy("cares about")
    if member.refused_profiling_at is not None:
        return title, _("does not want us to conclude that")
    found = queries.of_member(member.pk)
    if found is None:
        return title, _("nothing known yet")
    scores = " · ".join(f"{one.cared.label} {one.percent:.0f} %" for one in found.scores)
    first = found.first.label if found.first else _("not sure yet")
    told = "; ".join(queries.in_words(one) for one in found.evidence[:3])
    return title, format_html("<b>{}</b> ({}){}", first, scores, f" — {told}" if told else "")


@dataclass(frozen=True, slots=True)
class Cell:
    """How much a sign counts for something, as it stands in the form."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class SignRow:
    """A sign with its weights."""

    sign: Sign
    cells: Sequence[Cell]


@require_safe
@needs(VIEW)
def weights(request: StaffRequest) -> HttpResponse:
    """How much each sign counts, and what the groups care about on average."""
    return _page(request, {})


@require_POST
@needs(VIEW)
def try_weights(request: StaffRequest) -> HttpResponse:
    """What would come of the weights as they are typed; nothing is kept."""
    try:
        found = commands.preview(_typed(request.POST))
    except DomainError as error:
        return render(request, "feedback/expectations/effect.html", {"refusal": str(error)})
    return render(request, "feedback/expectations/effect.html", _effect(found))


@require_POST
@needs(CHANGE)
def keep_weights(request: StaffRequest) -> HttpResponse:
    """Keep the weights as they are typed."""
    typed = _typed(request.POST)
    try:
        due = commands.weigh(given=typed, actor=request.user, at=timezone.now())
    except DomainError as error:
        return _page(request, typed, refusal=str(error), status=error.status)
    messages.success(request, _("Kept. Members to be reckoned anew: %(n)s.") % {"n": due})
    return redirect("admin:expectations")


def _page(
    request: StaffRequest, typed: Mapping[tuple[str, str], str], *, refusal: str = "", status: int = 200
) -> HttpResponse:
    known = setup.weights()
    rows = [
        SignRow(
            sign,
            [
                Cell(
                    f"{sign}.{cared}",
                    f"{sign.label} → {cared.label}",
                    typed.get((sign, cared), f"{known.get(sign, {}).get(cared, 0):g}"),
                )
                for cared in Cared
            ],
        )
        for sign in Sign
    ]
    names = queries.group_names()
    means = [
        (names.get(one.group, one.group), one.members, [getattr(one, cared) for cared in Cared])
        for one in GroupMean.objects.order_by("group")
    ]
    context = {
        "rows": rows,
        "cared": Cared,
        "means": means,
        "fewest": setup.FEWEST,
        "setup": setup.current(),
        "refusal": refusal,
        "may_change": request.user.has_perm(CHANGE),
    }
    return page(request, "feedback/expectations/weights.html", context, at=timezone.now(), status=status)


def _typed(post: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """The weights of a form: its fields are called sign.cared."""
    found = {}
    for name, value in post.items():
        sign, dot, cared = name.partition(".")
        if dot:
            found[sign, cared] = value[:LONGEST]
    return found


def _effect(found: Preview) -> dict[str, Any]:
    rows = [(one.label, found.before.get(one, 0), found.after.get(one, 0)) for one in Cared]
    return {
        "looked_at": found.looked_at,
        "rows": [*rows, (_("not sure"), found.before.get("", 0), found.after.get("", 0))],
        "changes": [
            (
                one.row.member.external_id,
                Cared(one.before.cares_for).label if one.before.cares_for else _("not sure"),
                Cared(one.after.cares_for).label if one.after.cares_for else _("not sure"),
            )
            for one in found.changes
        ],
    }


@admin.register(SearchWord)
class SearchWordAdmin(ModelAdmin):
    """Words that members search with; they count for searches from now on."""

    list_display = ("word", "cared")
    list_filter = ("cared",)
    search_fields = ("word",)
    list_per_page = 50

    def save_model(self, request: HttpRequest, obj: SearchWord, form: Any, change: bool) -> None:
        """Keep it as searches are compared."""
        obj.word = plain(obj.word).strip()
        super().save_model(request, obj, form, change)


@admin.register(ExpectationSetup)
class ExpectationSetupAdmin(ModelAdmin):
    """How it is reckoned: one row, which stays."""

    list_display = ("__str__", "history_days", "half_life_days", "prior_votes", "least_votes", "sure_percent")
    formfield_overrides = {models.ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's
        """There is one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """And it stays."""
        return False


EXPECTATION_PAGES = [
    Page("expectations/", weights, "expectations"),
    Page("expectations/try/", try_weights, "expectations-try"),
    Page("expectations/keep/", keep_weights, "expectations-keep"),
]
EXPECTATION_MENU = [
    MenuItem(gettext_lazy("What members care about"), "expectations", "favorite", (VIEW,), group="customers")
]
