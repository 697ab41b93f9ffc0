"""Tying what was said to needs: found by its words, on its own page, or many answers at once."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, NotFound
from config.common.models import User
from config.common.registry import Page
from config.common.screens import StaffRequest, page, tell
from feedback.admin.access import needs
from feedback.admin.panels import Panel
from feedback.models import Case, CaseKind
from surveys.models import SOURCES
from surveys.needs import commands, finding, queries, seeing
from surveys.needs.words import SOURCE_NAMES

ADD, LINK = "surveys.add_need", "surveys.link_need"


@require_GET
@needs(LINK)
def find(request: StaffRequest, pk: int) -> HttpResponse:
    """Words that may speak of a need, from where they were said, to be ticked."""
    need = get_object_or_404(queries.standing(), pk=pk)
    text, source = request.GET.get("q", "").strip()[: finding.LONGEST], request.GET.get("source", "review")
    if source not in SOURCES:
        raise Http404
    context = {
        "need": need,
        "text": text,
        "source": source,
        "sources": SOURCE_NAMES.items(),
        "rows": finding.find(need, source, text, request.user) if text else [],
    }
    return page(request, "surveys/needs/find.html", context)


@require_http_methods(["GET", "POST"])
@needs(LINK)
def speaks(request: StaffRequest, source: str, pk: int) -> HttpResponse:
    """The card beside something that was said: of which needs it speaks, and another one."""
    if source not in SOURCES or not seeing.rows(source, request.user).filter(pk=pk).exists():
        raise Http404
    error: DomainError | None = None
    if request.method == "POST":
        try:
            _speak(request, source, pk)
        except NotFound as failed:
            raise Http404 from failed
        except DomainError as failed:
            error = failed
        else:
            if not request.htmx:
                messages.success(request, _("Done."))
                return redirect("admin:needs")
    context = {
        "source": source,
        "pk": pk,
        "spoken": list(queries.spoken_of(source, pk)),
        "others": queries.standing().order_by("name", "pk")[: queries.MOST],
        "may_add": request.user.has_perm(ADD),
        "error": error,
    }
    response = render(request, "surveys/needs/speaks.html", context, status=error.status if error else 200)
    return tell(response) if error is None else response


@transaction.atomic
def _speak(request: StaffRequest, source: str, pk: int) -> None:
    at, user = timezone.now(), request.user
    evidence = id_in(request.POST.get("take_away"))
    if evidence is not None:
        commands.unlink(evidence_id=evidence, actor=user, at=at)
        return
    commands.link(need_id=_chosen(request, at), source=source, row_id=pk, actor=user, at=at)


def _chosen(request: StaffRequest, at: datetime) -> int:
    """The need that was chosen, or a new one of the name that was typed.

    Raises:
        Invalid: neither, or a name that cannot be taken.
    """
    need, name = id_in(request.POST.get("need")), request.POST.get("name", "").strip()
    if need is None and name and request.user.has_perm(ADD):
        need = commands.create(name=name, actor=request.user, at=at).pk
    if need is None:
        raise Invalid(_("Choose a need."))
    return need


@require_http_methods(["GET", "POST"])
@needs(LINK)
def tie(request: StaffRequest) -> HttpResponse:
    """What was said in several responses, to be ticked, and the need that all of it speaks of."""
    asked = request.GET if request.method == "GET" else request.POST
    ids = [pk for one in asked.getlist("response") if (pk := id_in(one)) is not None]
    error: DomainError | None = None
    if request.method == "POST":
        try:
            with transaction.atomic():
                need, at = _chosen(request, timezone.now()), timezone.now()
                number = linked(need, request.POST.getlist("row"), request.user, at)
        except NotFound as failed:
            raise Http404 from failed
        except DomainError as failed:
            error = failed
        else:
            told = ngettext("%(n)s answer was added.", "%(n)s answers were added.", number) % {"n": number}
            messages.success(request, told)
            return redirect("admin:need", need)
    rows = finding.words_in(ids[: finding.RESPONSES], request.user)
    context = {
        "rows": rows,
        "responses": ids[: finding.RESPONSES],
        "others": queries.standing().order_by("name", "pk")[: queries.MOST],
        "may_add": request.user.has_perm(ADD),
        "error": error,
    }
    return page(request, "surveys/needs/tie.html", context, status=error.status if error else 200)


def linked(need_id: int, keys: Sequence[str], user: User, at: datetime) -> int:
    """Add what was ticked, by keys such as "answer:12", to a need, all or nothing; how many were new.

    Raises:
        Invalid: nothing was ticked, or something that speaks of no need.
        NotFound: no such need, or something that this person may not see.
    """
    by_source: dict[str, list[int]] = {}
    for one in keys:
        source, _colon, number = one.partition(":")
        by_source.setdefault(source, []).append(id_in(number) or 0)
    if not by_source:
        raise Invalid(_("Tick what speaks of it."))
    with transaction.atomic():
        return sum(
            commands.link_many(need_id=need_id, source=source, row_ids=rows, actor=user, at=at)
            for source, rows in sorted(by_source.items())
        )


def beside(user: User, what: str, number: int) -> str:
    """The card beside a review or post, for whoever may say what it speaks of."""
    if not user.has_perm(LINK) or not user.has_perm(seeing.READS[what]):
        return ""
    return reverse("admin:speaks", args=[what, number])


def case_panel(request: StaffRequest, case: Case, at: datetime) -> Panel | None:  # noqa: ARG001 - one signature for all
    """Of which needs a suggestion speaks; other cases where it was said that they do."""
    if not request.user.has_perm(LINK):
        return None
    if case.kind != CaseKind.SUGGESTION and not queries.spoken_of("case", case.pk).exists():
        return None
    return Panel(
        gettext_lazy("Speaks of needs"),
        "surveys/needs/beside_case.html",
        {"address": reverse("admin:speaks", args=["case", case.pk])},
    )


LINK_PAGES = [
    Page("needs/tie/", tie, "needs_tie"),
    Page("needs/<int:pk>/find/", find, "need_find"),
    Page("speaks/<slug:source>/<int:pk>/", speaks, "speaks"),
]
