"""Answering without signing in: whoever has the link may, once. Works without scripts and cookies."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.common import limits
from config.common.errors import DomainError, NotFound
from config.common.throttling import client_ip
from surveys.campaigns.queries import questions_of
from surveys.invitations import queries as invitations
from surveys.models import Invitation, Question, QuestionKind, Response
from surveys.responses import commands, rules

ENDS = {
    QuestionKind.CSAT: (gettext_lazy("very dissatisfied"), gettext_lazy("very satisfied")),
    QuestionKind.CES: (gettext_lazy("very hard"), gettext_lazy("very easy")),
}
GUESSES, TRIES = 60, 30  # in an hour
LANGUAGES = {"zh-hans": "中文", "en": "English"}

View = Callable[[HttpRequest, str], HttpResponse]


@dataclass(frozen=True, slots=True)
class Field:
    """A question as the page shows it, with what was chosen before and what is wrong with that."""

    question: Question
    number: int
    value: str
    problem: str

    @property
    def name(self) -> str:
        """The field's name in the form."""
        return f"q{self.question.pk}"

    @property
    def is_text(self) -> bool:
        """Whether it is answered in words."""
        return self.question.kind == QuestionKind.TEXT

    @property
    def ends(self) -> tuple[Any, Any]:
        """What the lowest and the highest score mean."""
        return ENDS[QuestionKind(self.question.kind)]

    def choices(self) -> Iterator[tuple[int, Any, bool]]:
        """The scores, what those at the ends mean, and which was chosen."""
        low, high = self.ends
        meanings = {rules.LOWEST: low, rules.HIGHEST: high}
        for score in range(rules.LOWEST, rules.HIGHEST + 1):
            yield score, meanings.get(score, ""), self.value == str(score)


def private(view: View) -> View:
    """Keep the link and what is behind it out of caches, search engines and other sites' logs."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


@private
@csrf_exempt  # no cookie speaks for the member here, the secret in the address does
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Show the questions of an invitation, or take the answers."""
    at = timezone.now()
    invitation, refusal = _find(request, token, at)
    with translation.override(_language(request, invitation)):
        if invitation is None:
            return _message(request, refusal)
        if hasattr(invitation, "response"):
            return _message(request, "answered", invitation)
        if at >= invitation.expires_at:
            return _message(request, "expired", invitation)
        if request.method == "POST":
            return _take(request, token, invitation, at)
        return _form(request, invitation)


@private
@require_safe
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """Say thanks, and what happens next."""
    invitation, refusal = _find(request, token, timezone.now())
    with translation.override(_language(request, invitation)):
        if invitation is None:
            return _message(request, refusal)
        if not hasattr(invitation, "response"):
            return HttpResponseRedirect(reverse("surveys:answer", args=[token]))
        return _message(request, "thanks", invitation)


def _find(request: HttpRequest, token: str, at: datetime) -> tuple[Invitation | None, str]:
    """The invitation of the link, or why not. Wrong links are counted by address, answers by link."""
    hour = timedelta(hours=1)
    try:
        invitation = invitations.by_token(token)
    except NotFound:
        guesses = limits.hit(f"survey:{client_ip(request)}", per=hour, at=at)
        return None, "unknown" if guesses.count <= GUESSES else "too_many"
    if request.method == "POST":
        tries = limits.hit(f"survey:{invitation.pk}", per=hour, at=at)
        if tries.count > TRIES:
            return None, "too_many"
    return invitation, ""


def _language(request: HttpRequest, invitation: Invitation | None) -> str:
    """What was chosen on the page, else the member's language, else the browser's."""
    chosen = request.POST.get("lang") or request.GET.get("lang") or ""
    if chosen in LANGUAGES:
        return chosen
    if invitation is not None and invitation.member.language in LANGUAGES:
        return invitation.member.language
    return translation.get_language_from_request(request)


def _take(request: HttpRequest, token: str, invitation: Invitation, at: datetime) -> HttpResponse:
    answers = {
        question.pk: request.POST[f"q{question.pk}"]
        for question in questions_of(invitation)
        if f"q{question.pk}" in request.POST
    }
    try:
        commands.answer(token=token, answers=answers, at=at)
    except rules.BadAnswers as error:
        return _form(request, invitation, answers, error.problems, status=400)
    except (commands.AlreadyAnswered, commands.InvitationExpired):  # in this very moment
        return HttpResponseRedirect(request.path)
    except DomainError as error:
        return _form(request, invitation, answers, whole=str(error), status=400)
    language = translation.get_language()
    return HttpResponseRedirect(f"{reverse('surveys:thanks', args=[token])}?lang={language}")


def _form(
    request: HttpRequest,
    invitation: Invitation,
    answers: Mapping[int, str] | None = None,
    problems: Mapping[int, Any] | None = None,
    *,
    whole: str = "",
    status: int = 200,
) -> HttpResponse:
    fields = [
        Field(
            question, number, (answers or {}).get(question.pk, ""), str((problems or {}).get(question.pk, ""))
        )
        for number, question in enumerate(questions_of(invitation), start=1)
    ]
    if problems:
        whole = whole or str(rules.BadAnswers.default)
    context = {
        "invitation": invitation,
        "fields": fields,
        "count": len(fields),
        "problem": whole,
        "text_length": rules.TEXT_LENGTH,
        **_frame(request),
    }
    return render(request, "surveys/answer.html", context, status=status)


def _message(request: HttpRequest, state: str, invitation: Invitation | None = None) -> HttpResponse:
    response: Response | None = getattr(invitation, "response", None)
    status = {"unknown": 404, "too_many": 429, "expired": 410}.get(state, 200)
    context = {
        "state": state,
        "invitation": invitation,
        "response": response,
        "unhappy": response is not None and _was_bad(response),
        **_frame(request),
    }
    return render(request, "surveys/message.html", context, status=status)


def _was_bad(response: Response) -> bool:
    scores: Sequence[int | None] = list(response.answers.values_list("score", flat=True))
    bad_score = response.invitation.campaign.bad_score
    return any(score is not None and score <= bad_score for score in scores)


def _frame(request: HttpRequest) -> dict[str, Any]:
    """What every page of the survey shows around its content."""
    current = translation.get_language() or settings.LANGUAGE_CODE
    others = [(code, name) for code, name in LANGUAGES.items() if code != current]
    return {
        "language": current,
        "html_language": "zh-CN" if current == "zh-hans" else current,
        "others": others,
        "title": _("How did we do?"),
        "page": request.path,
    }
