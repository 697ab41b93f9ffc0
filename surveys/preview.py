"""A version as members see it, drafts too: the answering page itself, walked through, and nothing is kept.

What was answered so far travels in the address that the page's form is sent to. It stands beside the layers
of the app because it is a page of the staff's that is drawn by the members' portal.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import translation
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config.common.parsing import is_plain
from config.common.registry import Page
from config.common.screens import StaffRequest
from feedback.admin.access import needs
from surveys.models import Campaign, SurveyVersion, Wave
from surveys.portal import asking
from surveys.portal.frame import framed, language_of
from surveys.questionnaires.conditions import KNOWN
from surveys.questionnaires.piping import filled, values_of
from surveys.questionnaires.queries import questions_of
from surveys.responses.fields import posted
from surveys.responses.places import Place
from surveys.responses.rules import FILED
from surveys.responses.sitting import Sitting
from surveys.responses.thanking import words

VIEW = "surveys.view_survey"
LONGEST = 6_000
"""Characters of what was answered so far: an address holds no more."""
OURS = ("'self'",)


class Trial(Sitting):
    """Somebody from the staff before the questions, of whom nothing is kept."""

    def load(self) -> None:
        """Read the questions. Files are not taken, so none is asked for."""
        self.questions = list(questions_of(self.version.pk))
        for question in self.questions:
            if question.kind in FILED:
                question.is_required = False

    @property
    def words(self) -> Callable[[str], str]:
        """Fill texts in from the answers so far."""
        return partial(filled, values=values_of(None, self.answers, self.told))


@csrf_exempt  # it stands in a frame, sends the members' own forms, and keeps nothing
@require_http_methods(["GET", "POST"])
@needs(VIEW)
def preview(request: StaffRequest, version_id: int) -> HttpResponse:
    """Show a version, or go on in it."""
    version = get_object_or_404(SurveyVersion.objects.select_related("survey"), pk=version_id)
    with translation.override(language_of(request)):
        trial = _trial(request, version)
        trial.load()
        codes = {question.code for question in trial.questions}
        given = _given(request.GET.get("given", ""))
        trial.put({code: value for code, value in given.items() if code in codes})
        if request.method == "POST":
            return _go_on(request, trial)
        if request.GET.get("done"):
            return _thanks(request, trial)
        trial.path = _path(request, trial)
        return asking.page(request, trial, {}, at=request.GET.get("at", ""))


def _trial(request: HttpRequest, version: SurveyVersion) -> Trial:
    known: dict[str, set[str]] = {"language": {translation.get_language() or ""}}
    for one in request.GET.getlist("known"):
        name, _colon, code = one.partition(":")
        if name in KNOWN:
            known.setdefault(name, set()).add(code)
    campaign = Campaign(survey=version.survey)
    place = Place(
        token=f"preview {version.pk}",
        wave=Wave(campaign=campaign),
        version_id=version.pk,
        is_anonymous=False,
        known=known,
    )
    return Trial(
        place=place,
        version=version,
        campaign=campaign,
        path=request.path,
        thanks=request.path,
        language=translation.get_language() or "",
        frames=OURS,
    )


def _given(text: str) -> dict[str, Any]:
    """What was answered so far, by the address; nothing where that cannot be read."""
    try:
        given = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) and is_plain(given) else {}


def _go_on(request: HttpRequest, trial: Trial) -> HttpResponse:
    form = request.POST
    on = [one for one in trial.questions if "on" not in form or one.code in form["on"].split()]
    trial.put({question.code: posted(question, form) for question in on if question.kind not in FILED})
    go = form.get("go") or (asking.SAVE if "to_lang" in form else asking.SEND)
    here = on[0].code if on else ""
    if asking.JSON in request.headers.get("Accept", ""):
        return JsonResponse(asking.drawn(trial))
    trial.path = _path(request, trial)
    problems = trial.seen.problems
    if trial.is_paged and go in {asking.NEXT, asking.SEND}:
        problems = {code: problem for code, problem in problems.items() if code == here}
    if problems and go in {asking.NEXT, asking.SEND}:
        return asking.page(request, trial, problems, at=here, status=400)
    follows = set(trial.codes) - set(form.get("seen", "").split())
    if go == asking.SEND and not trial.is_paged and follows:
        return asking.page(request, trial, {}, at="")
    place = trial.at(here) + {asking.BACK: -1, asking.NEXT: 1, asking.SEND: 1}.get(go, 0)
    is_over = go == asking.SEND and (not trial.is_paged or place >= len(trial.codes))
    there = trial.codes[max(0, min(place, len(trial.codes) - 1))] if trial.codes else ""
    more = {"done": 1} if is_over else {"at": there} if trial.is_paged else {}
    language = form.get("to_lang") or trial.language
    return HttpResponseRedirect(_path(request, trial, lang=language, **more))


def _path(request: HttpRequest, trial: Trial, **more: Any) -> str:
    """Where the page's form is sent, with what was answered so far."""
    kept = {code: value for code, value in trial.answers.items() if value not in ("", None, [], {})}
    given = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    query: dict[str, Any] = {"known": request.GET.getlist("known"), **more}
    if kept and len(given) <= LONGEST:
        query["given"] = given
    return f"{request.path}?{urlencode(query, doseq=True)}"


def _thanks(request: HttpRequest, trial: Trial) -> HttpResponse:
    version, seen = trial.version, trial.seen
    given = [one for question in seen.asked for one in seen.taken.get(question.code, ())]
    context: Mapping[str, Any] = {
        "state": "thanks",
        "title": trial.title,
        "thanks": words(version, None, given),
    }
    return framed(request, "surveys/message.html", context, path=request.path, frames=OURS)


PREVIEW_PAGES = [Page("questionnaires/versions/<int:version_id>/preview/", preview, "questionnaire_preview")]
