"""The help centre: open to everybody; who is signed in may say whether an article helped."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_POST, require_safe

from compensation.portal.base import MemberRequest, page, session_of, signed_in
from config.common.errors import DomainError, NotFound
from feedback.crises import statements
from feedback.knowledge import answering, commands, queries
from feedback.knowledge.markup import to_html
from feedback.models import AnswerOutcome, Audience

FOUND = 20
LONGEST = 200
View = Callable[..., HttpResponseBase]


def visitor(view: View) -> View:
    """Show a page to everybody, to members in their language and with their name."""

    @wraps(view)
    def wrapped(request: Any, *args: Any, **more: Any) -> HttpResponseBase:
        session = session_of(request)
        if session is None:
            return view(request, *args, **more)
        request.member, request.member_session = session.member, session
        with translation.override(session.member.language):
            return view(request, *args, **more)

    return wrapped


def language() -> str:
    """The language that the page is shown in."""
    return queries.nearest(translation.get_language() or "")


@require_safe
@visitor
def home(request: HttpRequest) -> HttpResponse:
    """The articles by topic, or those that a search finds."""
    searched = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    context = {
        "searched": searched,
        "said_in_public": {"statements": statements.public()},
        "found": queries.find(searched, audience=Audience.MEMBER, language=language(), limit=FOUND)
        if searched
        else [],
        "topics": [] if searched else queries.by_topic(audience=Audience.MEMBER, language=language()),
    }
    return page(request, "portal/help.html", context)


@require_safe
@visitor
def article(request: HttpRequest, code: str) -> HttpResponse:
    """One article."""
    text = queries.read(code, audience=Audience.MEMBER, language=language())
    if text is None or text.in_force is None:
        raise Http404
    context = {
        "text": text,
        "version": text.in_force,
        "body": to_html(text.in_force.body),
        "voted": request.GET.get("helped", ""),
    }
    return page(request, "portal/help_article.html", context)


@require_POST
@signed_in
def vote(request: MemberRequest, code: str) -> HttpResponse:
    """It helped, or it did not."""
    helped = request.POST.get("helped") == "yes"
    try:
        commands.vote(code=code, helped=helped, actor=request.member, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    path = reverse("portal:help-article", args=[code])
    return HttpResponseRedirect(f"{path}?helped={'yes' if helped else 'no'}")


@require_POST
@signed_in
def helped(request: MemberRequest, pk: int) -> HttpResponse:
    """The answer that was offered before a form was sent helped: nothing has to be sent."""
    try:
        answering.settle(answer_id=pk, outcome=AnswerOutcome.HELPED, actor=request.member, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError:
        return HttpResponseRedirect(reverse("portal:help"))  # a person was asked for meanwhile
    return HttpResponseRedirect(f"{reverse('portal:help')}?said=helped")
