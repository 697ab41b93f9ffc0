"""The original of a letter: its text, its page as its writer meant it, and what came with it."""

from datetime import datetime

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.errors import NotFound
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import READS, needs
from feedback.attachments.rules import clean_name
from feedback.cases.queries import visible_to
from feedback.channels.email import again, markup, originals, texts
from feedback.channels.email.letters import SHOWN, Letter, Unreadable
from feedback.models import Case, ChannelMessage, Outcome

SEES_ALL = "feedback.view_channelmessage"
CONTACTS = "compensation.see_contacts"
TEXT = 200_000  # signs of a text that are shown
SOURCE = 100_000  # bytes of a letter that cannot be read


def _letter_or_404(request: StaffRequest, letter_id: int) -> ChannelMessage:
    """A letter of a case that this person sees; one of no case for whom may see the list of letters."""
    row = ChannelMessage.objects.select_related("case").filter(pk=letter_id).exclude(original="").first()
    if row is None:
        raise Http404
    if row.case_id is None:
        allowed = request.user.has_perm(SEES_ALL)
    else:
        allowed = visible_to(request.user).filter(pk=row.case_id).exists()
    if not allowed:
        raise Http404
    return row


def _read(row: ChannelMessage) -> Letter | None:
    try:
        return originals.read(row)
    except Unreadable:
        return None


@require_GET
@needs(*READS, SEES_ALL)
def letter(request: StaffRequest, letter_id: int) -> HttpResponse:
    """The letter as text, with its head; its page stands in a frame that can do nothing."""
    row = _letter_or_404(request, letter_id)
    found = _read(row)
    heads = []
    if found is not None and request.user.has_perm(CONTACTS):
        heads = [(name.title(), found.headers[name]) for name in SHOWN if found.headers.get(name)]
    context = {
        "row": row,
        "is_fatal": row.outcome == Outcome.FATAL,
        "letter": found,
        "heads": heads,
        "source": originals.source(row, SOURCE) if found is None else "",
        "text": texts.whole(found.text)[:TEXT] if found else "",
        "files": [(clean_name(part.name, ""), len(part.data)) for part in found.parts] if found else [],
    }
    response = page(request, "feedback/letters/letter.html", context, at=timezone.now())
    response["Content-Security-Policy"] += "; frame-src 'self'"
    return response


@require_GET
@needs(*READS, SEES_ALL)
@xframe_options_sameorigin
def letter_page(request: StaffRequest, letter_id: int) -> HttpResponse:
    """The letter's HTML made safe, as a page that runs nothing, fetches nothing and sends nothing."""
    found = _read(_letter_or_404(request, letter_id))
    if found is None or not found.html:
        raise Http404
    response = HttpResponse(markup.safe_page(found.html[: texts.LONGEST], originals.pictures(found)))
    response["Content-Security-Policy"] = markup.POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


def sort_letter(request: StaffRequest, case: Case, at: datetime) -> Promise:
    """Put a letter that waits beside a case into its conversation, or leave it aside.

    Raises:
        NotFound: it does not wait beside this case.
        WrongState: somebody else was quicker.
        Invalid: it cannot be read.
    """
    row = ChannelMessage.objects.filter(case=case, pk=id_in(request.POST.get("letter")) or 0).first()
    if row is None:
        raise NotFound
    if request.POST.get("verdict") == "take":
        again.take_in(row_id=row.pk, actor=request.user, at=at)
        return _("The letter stands in the conversation now.")
    again.leave(row_id=row.pk, actor=request.user, at=at)
    return _("The letter is left aside.")


LETTER_PAGES = [
    Page("letter/<int:letter_id>/", letter, "letter"),
    Page("letter/<int:letter_id>/page/", letter_page, "letter_page"),
]
