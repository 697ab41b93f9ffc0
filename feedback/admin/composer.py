"""What helps somebody write a reply: articles that fit, templates, how it sounds, playbooks."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, NotFound
from config.common.money import fen_from_yuan
from config.common.registry import Page
from config.common.screens import StaffRequest, page, tell
from feedback.admin.access import READS, case_or_404, needs
from feedback.cases.queries import actions_for
from feedback.knowledge import commands as knowledge
from feedback.knowledge import tone
from feedback.knowledge.markup import to_text
from feedback.knowledge.queries import Found, find
from feedback.models import Audience, Case, PlaybookUse, Template
from feedback.playbooks import commands, texts
from feedback.playbooks.queries import Panel, spoken_in, template_of

SUGGESTED = 3
ENOUGH = 0.15
"""Below this an article is not worth a look while writing."""
TYPED = 2_000


@require_POST
@needs(*READS)
def typed(request: StaffRequest, case_id: int) -> HttpResponse:
    """The articles that fit what is being written, and what is wrong with how it sounds."""
    case, at = case_or_404(request.user, case_id), timezone.now()
    text = request.POST.get("text", "")
    language = spoken_in(case)
    found = _fitting((text[-TYPED:], case.subject), language)
    if found:
        knowledge.show(article_ids=[one.text.article_id for one in found], case=case, at=at)
    warnings = tone.warnings(text, language=language, kind=case.kind)
    return JsonResponse(
        {
            "articles": [_article(one) for one in found],
            "warnings": [
                {
                    "severity": one.severity,
                    "advice": one.advice,
                    "found": one.found,
                    "better": one.better,
                }
                for one in warnings
            ],
        }
    )


@require_POST
@needs(*READS)
def inserted(request: StaffRequest, case_id: int) -> HttpResponse:
    """Count that an article went into a reply."""
    case = case_or_404(request.user, case_id)
    try:
        knowledge.insert(article_id=id_in(request.POST.get("article")) or 0, case=case, at=timezone.now())
    except NotFound:
        return JsonResponse({"counted": False}, status=404)
    return JsonResponse({"counted": True})


@require_GET
@needs(*READS)
def templates(request: StaffRequest, case_id: int) -> HttpResponse:
    """Every reply template in the member's language, filled in for the case."""
    case, at = case_or_404(request.user, case_id), timezone.now()
    language = spoken_in(case)
    values = texts.values_of(case, language=language, agent=request.user, at=at)
    rows = []
    for one in Template.objects.filter(language=language, is_active=True):
        filled = texts.fill(one.body, values)
        rows.append(
            {
                "id": one.pk,
                "name": one.name,
                "problem": one.get_problem_display(),
                "tone": one.get_tone_display(),
                "text": filled.text,
                "missing": [str(texts.NAMES[name]) for name in filled.missing],
            }
        )
    return JsonResponse({"templates": rows})


@require_GET
@needs(*READS)
def playbooks(request: StaffRequest, case_id: int) -> HttpResponse:
    """The playbooks of a case: a part of its page, or a page of its own."""
    return _panel(request, case_or_404(request.user, case_id), timezone.now())


@require_POST
@needs(*READS)
def apply(request: StaffRequest, case_id: int, playbook_id: int) -> HttpResponse:
    """Begin to work by a playbook: give what it gives at once, put its reply into the composer."""
    case, at = case_or_404(request.user, case_id), timezone.now()
    try:
        check(case, request)
        used = commands.apply(case_id=case.pk, playbook_id=playbook_id, actor=request.user, at=at)
    except DomainError as error:
        return _refused(request, case, error, at)
    return _done(request, case, at, _("The playbook is applied."), used)


@require_POST
@needs(*READS)
def step(request: StaffRequest, case_id: int, use_id: int) -> HttpResponse:
    """Tick a step off, or take the tick back."""
    case, at = case_or_404(request.user, case_id), timezone.now()
    act = commands.undo_step if "undo" in request.POST else commands.finish_step
    number = id_in(request.POST.get("number")) or 0
    try:
        check(case, request)
        act(use_id=_own(case, use_id), number=number, actor=request.user, at=at)
    except DomainError as error:
        return _refused(request, case, error, at)
    return _done(request, case, at, "")


@require_POST
@needs(*READS)
def give(request: StaffRequest, case_id: int, use_id: int) -> HttpResponse:
    """Give what a use has not given yet: all that does not go by itself, or the one in a place."""
    case, at = case_or_404(request.user, case_id), timezone.now()
    try:
        check(case, request)
        commands.give(
            use_id=_own(case, use_id),
            place=(id_in(request.POST["place"]) or 0) if "place" in request.POST else None,
            amount_fen=_fen(request.POST.get("amount", "")),
            actor=request.user,
            at=at,
        )
    except DomainError as error:
        return _refused(request, case, error, at)
    return _done(request, case, at, _("Given, or waiting for approval."))


def check(case: Case, request: StaffRequest) -> None:
    """Refuse whoever may not give something in this case: playbooks do.

    Raises:
        NotPermitted: with the reason.
    """
    actions = actions_for(case, request.user)
    actions.check("reply")
    actions.check("grant")


def _fen(yuan: str) -> int | None:
    """An amount that was typed in, in fen; None where it is none."""
    try:
        return fen_from_yuan(yuan.strip().lstrip("¥￥"))
    except ValueError:
        return None


def _own(case: Case, use_id: int) -> int:
    """The use, if it is one of this case.

    Raises:
        NotFound: it is not.
    """
    if not PlaybookUse.objects.filter(pk=use_id, case=case).exists():
        raise NotFound
    return use_id


def _fitting(texts: Iterable[str], language: str) -> list[Found]:
    """The articles that fit best to any of the texts: what is being written, and what the case is about."""
    best: dict[int, Found] = {}
    for text in texts:
        for one in find(text, audience=Audience.AGENT, language=language, limit=SUGGESTED):
            known = best.get(one.text.article_id)
            if one.score >= ENOUGH and (known is None or one.score > known.score):
                best[one.text.article_id] = one
    return sorted(best.values(), key=lambda one: -one.score)[:SUGGESTED]


def _article(found: Found) -> dict[str, Any]:
    article = found.text.article
    public = article.audience == Audience.MEMBER
    text = to_text(found.body)
    return {
        "id": article.pk,
        "title": found.title,
        "words": text[:90],
        "text": text if public else "",
        "link": reverse("portal:help-article", args=[article.code]) if public else "",
        "page": reverse("admin:article", args=[article.code]),
    }


def _done(
    request: StaffRequest, case: Case, at: datetime, said: str | Promise, used: PlaybookUse | None = None
) -> HttpResponse:
    if not request.htmx:
        if said:
            messages.success(request, str(said))
        return redirect("admin:case", case.pk)
    proposed = template_of(used, case, user=request.user, at=at) if used else None
    response = _panel(request, case, at, proposed=proposed)
    return tell(response, toast=str(said)) if said else response


def _refused(request: StaffRequest, case: Case, error: DomainError, at: datetime) -> HttpResponse:
    return _panel(request, case, at, status=error.status, error=str(error))


def _panel(
    request: StaffRequest, case: Case, at: datetime, *, status: int = 200, **more: Any
) -> HttpResponse:
    case.refresh_from_db(fields=["version", "status"])
    actions = actions_for(case, request.user)
    context = {
        "case": case,
        "playbooks": Panel(case, request.user, timezone.now()),
        "may_apply": "grant" in actions and "reply" in actions,
        "why_not": actions.refused.get("reply") or actions.refused.get("grant"),
        "seen_version": id_in(request.POST.get("version")),
        **more,
    }
    template = "feedback/panels/playbooks.html" if request.htmx else "feedback/case/playbooks.html"
    return page(request, template, context, at=at, status=status)


COMPOSER_PAGES = [
    Page("case/<int:case_id>/tools/typed/", typed, "tools_typed"),
    Page("case/<int:case_id>/tools/inserted/", inserted, "tools_inserted"),
    Page("case/<int:case_id>/tools/templates/", templates, "tools_templates"),
    Page("case/<int:case_id>/tools/playbooks/", playbooks, "tools_playbooks"),
    Page("case/<int:case_id>/tools/playbooks/<int:playbook_id>/apply/", apply, "tools_apply"),
    Page("case/<int:case_id>/tools/uses/<int:use_id>/step/", step, "tools_step"),
    Page("case/<int:case_id>/tools/uses/<int:use_id>/give/", give, "tools_give"),
]
