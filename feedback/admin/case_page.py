"""The page of a case: what happened, what was promised, what now?"""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.errors import DomainError, Stale
from config.common.screens import StaffRequest, page, tell
from feedback.admin.access import READS, case_or_404, needs
from feedback.admin.desk_list import Desk
from feedback.admin.moves import MOVES, Move
from feedback.admin.panels import panels_of
from feedback.admin.pictures import thumbnail
from feedback.admin.sheet import Sheet
from feedback.attachments.serving import respond
from feedback.cases.locking import survivor
from feedback.cases.queries import visible_to
from feedback.clocks.queries import running_chips
from feedback.desk import drafts
from feedback.models import Attachment, Case

GROUPS = ("case", "clock", "handoff", "grant", "remedy")


@require_GET
@needs(*READS)
def case_page(request: StaffRequest, case_id: int) -> HttpResponse:
    """The whole page; its tab is in the address. One that was merged leads to the case that goes on."""
    case = case_or_404(request.user, case_id)
    if case.merged_into is not None:
        words = {"number": case.number, "into": case.merged_into.number}
        messages.info(request, _("%(number)s was merged into %(into)s.") % words)
        return redirect("admin:case", case.merged_into_id)
    return _render(request, case, timezone.now())


@needs(*READS)
def act(request: StaffRequest, case_id: int, name: str) -> HttpResponse:
    """Do what a button says. What is refused comes back with the reason and with everything typed."""
    move, at = MOVES.get(name), timezone.now()
    if move is None:
        raise Http404
    if request.method != "POST":  # the address of an answer, loaded again
        return redirect("admin:case", case_id)
    try:
        case = case_or_404(request.user, case_id)
    except Http404:
        return _out_of_sight(request, at)
    sheet = Sheet(request, case, at)
    try:
        sheet.actions.check(move.action)
        said = move.perform(request, case, at)
    except DomainError as error:
        return _refused(request, case_id, name, error, at)
    if name == "reveal":
        return _render(request, case, at, revealed=True)
    return _done(request, case_id, move, str(said))


@require_GET
@needs(*READS)
def attachment(request: StaffRequest, attachment_id: int) -> HttpResponse:
    """A file that came with a message, for those who may see its case; with `small` a thumbnail."""
    mine = visible_to(request.user).values("pk")
    found = get_object_or_404(Attachment, pk=attachment_id, message__case__in=mine)
    if "small" in request.GET and found.content_type.startswith("image/"):
        return thumbnail(found)
    return respond(found)  # type: ignore[return-value]  # a stream, which is a response all the same


def _done(request: StaffRequest, case_id: int, move: Move, said: str) -> HttpResponse:
    draft = f"{case_id}:{move.draft}" if move.draft else ""
    if move.draft:
        drafts.sent(case_id=case_id, kind=move.draft, user=request.user, at=timezone.now())
    before, case_id = case_id, survivor(case_id)
    if _on_desk(request):
        at = timezone.now()
        found = visible_to(request.user).filter(pk=case_id).exists()
        if not found:  # given away for good
            response = page(request, "feedback/case/gone.html", {"gone": case_id}, at=at)
        else:
            case = case_or_404(request.user, case_id)
            chip = running_chips([case], now=at).get(case.pk)
            sheet = Sheet(request, case, at)
            query = urlsplit(request.htmx.current_url or "").query
            columns = dict.fromkeys(Desk(request, at).columns, True)
            more = {"in_desk": True, "row": {"case": case, "chip": chip}, "swapped": True, "query": query}
            more |= {"columns": columns, "merged": before if before != case_id else None}
            response = page(request, "feedback/case/work.html", sheet.context(**more), at=at)
        return tell(response, toast=said, sent=draft)
    messages.success(request, said)
    if not visible_to(request.user).filter(pk=case_id).exists():
        return redirect("admin:desk")
    sent = f"?sent={draft}" if draft else ""
    return redirect(reverse("admin:case", args=[case_id]) + sent)


def _refused(
    request: StaffRequest, case_id: int, name: str, error: DomainError, at: datetime
) -> HttpResponse:
    """The same page as it is now, with what was typed."""
    case, post = case_or_404(request.user, case_id), request.POST
    seen, told = id_in(post.get("seen")), id_in(post.get("told"))
    more: dict[str, Any] = {"failed": name, "error": str(error), "typed": post, "seen": seen or 0}
    more["files_again"] = [file.name for file in request.FILES.getlist("files")]
    if isinstance(error, Stale):
        more |= {"is_stale": True, "came": Sheet(request, case, at).came_since(seen, told)}
    return _render(request, case, at, status=error.status, **more)


def _out_of_sight(request: StaffRequest, at: datetime) -> HttpResponse:
    """The case is none of this person's any more: what they wrote is handed back to them, nothing else is."""
    fields = ("body", "note", "question", "answer", "reason", "message")
    typed = [text for field in fields if (text := request.POST.get(field, "").strip())]
    if not typed or request.htmx:  # a page that asks by script keeps what is typed
        raise Http404
    return page(request, "feedback/case/kept.html", {"typed": typed}, at=at, status=404)


def _on_desk(request: StaffRequest) -> bool:
    return bool(request.htmx) and request.POST.get("on") == "desk"


def _render(
    request: StaffRequest, case: Case, at: datetime, *, status: int = 200, **more: Any
) -> HttpResponse:
    sheet = Sheet(request, case, at)
    if _on_desk(request):
        return page(
            request, "feedback/case/work.html", sheet.context(in_desk=True, **more), at=at, status=status
        )
    tab = "timeline" if request.GET.get("tab") == "timeline" else "thread"
    kind = request.GET.get("kind", "")
    kind = kind if kind in GROUPS else ""
    context = sheet.context(
        tab=tab,
        kind=kind,
        entries=[entry for entry in reversed(sheet.entries) if entry.kind.startswith(kind)],
        panels=panels_of(request, sheet, revealed=bool(more.get("revealed"))),
        **more,
    )
    return page(request, "feedback/case/page.html", context, at=at, status=status)
