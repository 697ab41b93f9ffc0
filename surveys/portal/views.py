"""Answering by an invitation's link, without signing in: whoever has it may, once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.common import limits
from config.common.errors import NotFound
from config.common.throttling import client_ip
from surveys.invitations import queries as invitations
from surveys.models import Invitation, Response
from surveys.portal import asking
from surveys.portal.frame import framed, language_of
from surveys.questionnaires.piping import filled, values_of
from surveys.responses import commands, thanking
from surveys.responses.closing_words import was_bad
from surveys.responses.sitting import Sitting, of_invitation

GUESSES, TRIES = 60, 600  # in an hour
HOUR = timedelta(hours=1)


@csrf_exempt  # no cookie speaks for the member here, the secret in the address does
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Show the questions of an invitation, or take the answers."""
    at = timezone.now()
    invitation, refusal = _find(request, token, at)
    with translation.override(language_of(request, invitation)):
        if invitation is None:
            return _message(request, refusal)
        if invitations.is_spent(invitation):
            return _message(request, "answered", invitation)
        if at >= invitation.expires_at:
            return _message(request, "expired", invitation)
        sitting = of_invitation(
            invitation,
            path=request.path,
            thanks=reverse("surveys:thanks", args=[token]),
            language=translation.get_language() or "",
        )
        if request.method == "POST":
            return asking.take(request, sitting, at, partial(_send, sitting, at))
        return asking.show(request, sitting)


@require_safe
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """Say thanks, and what happens next."""
    invitation, refusal = _find(request, token, timezone.now())
    with translation.override(language_of(request, invitation)):
        if invitation is None:
            return _message(request, refusal)
        if not invitations.is_spent(invitation):
            return HttpResponseRedirect(reverse("surveys:answer", args=[token]))
        return _message(request, "thanks", invitation)


def _send(sitting: Sitting, at: datetime, answers: Mapping[str, Any]) -> Response:
    return commands.answer_here(place=sitting.place, questions=sitting.questions, answers=answers, at=at)


def _find(request: HttpRequest, token: str, at: datetime) -> tuple[Invitation | None, str]:
    """The invitation of the link, or why not. Wrong links are counted by address, answers by link.

    Answers to anonymous invitations are not counted: the count would tell when somebody answered.
    """
    try:
        invitation = invitations.by_token(token)
    except NotFound:
        guesses = limits.hit(f"survey:{client_ip(request)}", per=HOUR, at=at)
        return None, "unknown" if guesses.count <= GUESSES else "too_many"
    if request.method == "POST" and not invitation.is_anonymous:
        tries = limits.hit(f"survey:{invitation.pk}", per=HOUR, at=at)
        if tries.count > TRIES:
            return None, "too_many"
    return invitation, ""


def _message(request: HttpRequest, state: str, invitation: Invitation | None = None) -> HttpResponse:
    response: Response | None = getattr(invitation, "response", None)
    given = thanking.answers_of(response) if response is not None else []
    status = {"unknown": 404, "too_many": 429, "expired": 410}.get(state, 200)
    context = {
        "state": state,
        "invitation": invitation,
        "response": response,
        "unhappy": any(map(was_bad, given)),
        "title": _("How did we do?"),
    }
    if invitation is not None:
        version = invitation.version
        context["title"] = filled(version.heading(), values_of(invitation, {}))
        context["thanks"] = thanking.words(version, invitation, given)
    return framed(request, "surveys/message.html", context, path=request.path, status=status)
