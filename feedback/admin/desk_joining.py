"""Dialogs of the case page that need a look first: merge with its preview, split, link."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.screens import StaffRequest, page
from feedback.admin.access import case_or_404, needs
from feedback.cases import joining
from feedback.cases.linking import find_numbered, suggestions
from feedback.cases.queries import actions_for
from feedback.cases.rules import first_words
from feedback.models import Case, CaseKind, Message

WORK = "feedback.work_case"


@require_GET
@needs(WORK)
def merge(request: StaffRequest, case_id: int) -> HttpResponse:
    """Which case to merge this one with, and what will happen to both."""
    case, at = case_or_404(request.user, case_id), timezone.now()
    asked, error, preview = request.GET.get("other", ""), "", None
    if asked:
        try:
            other = find_numbered(request.user, asked)
            actions_for(other, request.user).check("merge")
            ends = (other, case) if "turn" in request.GET else (case, other)
            preview = joining.preview(*ends, at=at)
        except DomainError as refusal:
            error = str(refusal)
    context = {
        "asked": asked,
        "error": error or (preview.refusal if preview else ""),
        "preview": preview,
        "turned": "turn" in request.GET,
        "suggested": suggestions(case, request.user, at=at),
    }
    return _dialog(request, case, "feedback/case/merge.html", context)


@require_GET
@needs(WORK)
def split(request: StaffRequest, case_id: int) -> HttpResponse:
    """What the part from a message on is to be called."""
    case = case_or_404(request.user, case_id)
    message = Message.objects.filter(case=case, pk=id_in(request.GET.get("message")) or 0).first()
    if message is None:
        raise Http404
    context = {"message": message, "subject": first_words(message.body, 60), "kinds": CaseKind.choices}
    return _dialog(request, case, "feedback/case/split.html", context)


def _dialog(request: StaffRequest, case: Case, template: str, context: dict[str, Any]) -> HttpResponse:
    more = {
        "case": case,
        "key": uuid.uuid4().hex,
        "in_desk": request.GET.get("on") == "desk",
        "part": template,
    }
    wrapped = template if request.htmx else "feedback/desk/alone.html"
    return page(request, wrapped, {**context, **more})
