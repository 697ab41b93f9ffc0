"""Knowledge for staff: searched, read, and how it does."""

from datetime import timedelta

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import READS, needs
from feedback.admin.files import offered
from feedback.knowledge import queries, report
from feedback.knowledge.markup import to_html
from feedback.models import Audience, Language

FOUND = 30
FIGURES = ("feedback.see_board",)
DAYS = 30


@require_GET
@needs(*READS)
def knowledge(request: StaffRequest) -> HttpResponse:
    """Search the articles, or leaf through them by topic."""
    searched = request.GET.get("q", "").replace("\0", "").strip()[:200]
    language = _language(request)
    context = {
        "searched": searched,
        "language": language,
        "languages": Language.choices,
        "found": queries.find(searched, audience=Audience.AGENT, language=language, limit=FOUND)
        if searched
        else [],
        "topics": [] if searched else queries.by_topic(audience=Audience.AGENT, language=language),
    }
    template = "feedback/knowledge/found.html" if request.htmx else "feedback/knowledge/list.html"
    return page(request, template, context)


@require_GET
@needs(*READS)
def article(request: StaffRequest, code: str) -> HttpResponse:
    """One article as it is in force."""
    text = queries.read(code, audience=Audience.AGENT, language=_language(request))
    if text is None or text.in_force is None:
        raise Http404
    context = {"text": text, "version": text.in_force, "body": to_html(text.in_force.body)}
    return page(request, "feedback/knowledge/article.html", context)


@require_GET
@needs(*FIGURES)
def figures(request: StaffRequest) -> HttpResponse:
    """What articles and automatic answers did in the last weeks."""
    at = timezone.now()
    since = at - timedelta(days=DAYS)
    context = {
        "days": DAYS,
        "rows": report.articles(since=since, until=at),
        "answers": report.answers(since=since, until=at),
        "formats": offered(request),
    }
    return page(request, "feedback/knowledge/figures.html", context, at=at)


def _language(request: StaffRequest) -> Language:
    asked = request.GET.get("language", "")
    return queries.nearest(asked if asked in Language.values else get_language() or "")


KNOWLEDGE_PAGES = [
    Page("knowledge/", knowledge, "knowledge"),
    Page("knowledge/figures/", figures, "knowledge_figures"),
    Page("knowledge/<slug:code>/", article, "article"),
]
KNOWLEDGE_MENU = [MenuItem(_("Knowledge"), "knowledge", "menu_book", READS, group="knowledge", rank=40)]
