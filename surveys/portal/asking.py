"""The page with the questions, whichever way somebody came to it. It works without scripts and cookies."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from config.common.errors import DomainError
from feedback.attachments.rules import BadFile
from surveys.models import Question, Response
from surveys.portal.frame import framed
from surveys.responses import drafts
from surveys.responses.errors import AlreadyAnswered, InvitationExpired
from surveys.responses.fields import name_of, posted
from surveys.responses.rules import FILED, BadAnswers
from surveys.responses.sitting import Sitting

BACK, NEXT, SEND, SAVE = "back", "next", "send", "save"
Send = Callable[[Mapping[str, Any]], Response]
JSON = "application/json"


def show(request: HttpRequest, sitting: Sitting) -> HttpResponse:
    """The page, or where whoever comes back has left off."""
    sitting.load()
    return page(request, sitting, {}, at=request.GET.get("at") or sitting.last)


def take(request: HttpRequest, sitting: Sitting, at: datetime, send: Send) -> HttpResponse:
    """Keep what a page sends, and go on, back, or send it all."""
    sitting.load()
    form = request.POST
    on = [one for one in sitting.questions if "on" not in form or one.code in form["on"].split()]
    go = form.get("go") or (SAVE if "to_lang" in form else SEND)
    here = on[0].code if on else ""
    answers = {question.code: posted(question, form) for question in on if question.kind not in FILED}
    sitting.put(answers)
    problems: dict[str, Any] = {}
    try:
        problems = _files(request, sitting, on, at)
        if go == SEND and not problems and not _goes_on(sitting, form):
            return _send(request, sitting, send, at, answers)
        there = here if problems else _there(sitting, here, go)
        drafts.save(place=sitting.place, questions=sitting.questions, answers=answers, last=there, at=at)
    except AlreadyAnswered:
        return _gone(request, sitting)
    except DomainError as error:
        return page(request, sitting, problems, at="", whole=str(error), status=400)
    if JSON in request.headers.get("Accept", ""):
        return _told(sitting, [one.code for one in on if one.kind in FILED], problems)
    return _then(request, sitting, problems, go=go, here=here, there=there)


def _then(
    request: HttpRequest, sitting: Sitting, problems: dict[str, Any], *, go: str, here: str, there: str
) -> HttpResponse:
    """The page that comes after one that was kept."""
    if go in {NEXT, SEND} and sitting.is_paged and here in sitting.seen.problems:
        problems = {here: sitting.seen.problems[here], **problems}
    if problems:
        return page(request, sitting, problems, at=here, status=400)
    if go == SEND and not sitting.is_paged:
        return page(request, sitting, {}, at="", whole=_("A few more questions follow from your answers."))
    query = {"lang": request.POST.get("to_lang") or sitting.language}
    if sitting.is_paged:
        query["at"] = there
    if request.POST.get("embed"):
        query["embed"] = "1"
    return HttpResponseRedirect(f"{sitting.path}?{urlencode(query)}")


def _goes_on(sitting: Sitting, form: Mapping[str, Any]) -> bool:
    """Whether questions follow that were not on the page: those of later pages, or of a branch just taken."""
    if sitting.is_paged:
        on = str(form.get("on", ""))
        return bool(sitting.codes) and on != sitting.codes[-1]
    seen = set(str(form.get("seen", "")).split())
    return "seen" in form and not set(sitting.codes) <= seen


def _there(sitting: Sitting, here: str, go: str) -> str:
    """The question of the page that comes then."""
    if not sitting.is_paged or not sitting.codes:
        return ""
    place = sitting.at(here)
    if go == BACK:
        return sitting.codes[max(0, place - 1)]
    if go in {NEXT, SEND} and here not in sitting.seen.problems:
        return sitting.codes[min(len(sitting.codes) - 1, place + 1)]
    return here


def _files(
    request: HttpRequest, sitting: Sitting, on: Sequence[Question], at: datetime
) -> dict[str, BadFile]:
    """Keep the files that a page sends, take back those that it drops; gives why others were not taken."""
    problems: dict[str, BadFile] = {}
    changed = False
    for question in on:
        if question.kind not in FILED:
            continue
        name = name_of(question)
        dropped, uploads = request.POST.getlist(f"{name}.drop"), request.FILES.getlist(name)
        if dropped:
            drafts.drop_files(place=sitting.place, refs=dropped)
        if uploads:
            try:
                drafts.add_files(place=sitting.place, question=question, uploads=uploads, at=at)
            except BadFile as error:
                problems[question.code] = error
        changed = changed or bool(dropped or uploads)
    if changed:
        sitting.load_files()
    return problems


def _send(
    request: HttpRequest, sitting: Sitting, send: Send, at: datetime, answers: Mapping[str, Any]
) -> HttpResponse:
    try:
        send(sitting.answers)
    except (AlreadyAnswered, InvitationExpired):
        return _gone(request, sitting)
    except DomainError as error:
        with suppress(DomainError):  # what cannot be kept either still stands on the page
            drafts.save(place=sitting.place, questions=sitting.questions, answers=answers, at=at)
        problems = error.problems if isinstance(error, BadAnswers) else {}
        first = next(iter(problems), sitting.codes[-1] if sitting.codes else "")
        return page(request, sitting, problems, at=first, whole=str(error), status=400)
    query = {"lang": sitting.language, **({"embed": "1"} if request.POST.get("embed") else {})}
    return HttpResponseRedirect(f"{sitting.thanks}?{urlencode(query)}")


def _gone(request: HttpRequest, sitting: Sitting) -> HttpResponse:
    """It was answered, or ended, in this very moment."""
    if JSON in request.headers.get("Accept", ""):
        return JsonResponse({"gone": True}, status=409)
    return HttpResponseRedirect(sitting.path)


def _told(sitting: Sitting, files: list[str], problems: Mapping[str, Any]) -> JsonResponse:
    """What the page's script is told after saving: what is shown now, and the files."""
    listed = {
        one.code: render_to_string("surveys/files.html", {"field": one, "problem_here": one.problem})
        for one in sitting.fields(problems)
        if one.code in files
    }
    return JsonResponse({**drawn(sitting), "files": listed})


def drawn(sitting: Sitting) -> dict[str, Any]:
    """What follows on the page from what was answered: which questions are shown, and what they say again."""
    return {"shown": sitting.codes, "answered": sitting.answered, "texts": sitting.quoted}


def page(
    request: HttpRequest,
    sitting: Sitting,
    problems: Mapping[str, Any],
    *,
    at: str,
    whole: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page with its questions, at the one of the code `at`; `problems` by code, `whole` of all of it."""
    place = sitting.at(at)
    codes = sitting.codes
    only = codes[place] if sitting.is_paged and codes else ""
    fields = sitting.fields(problems, only)
    if problems and not whole:
        whole = str(BadAnswers.default)
    context = {
        "sitting": sitting,
        "fields": fields,
        "on": " ".join(field.code for field in fields),
        "seen": " ".join(codes),
        "count": len(codes),
        "answered": sitting.answered,
        "place": place + 1,
        "is_first": not sitting.is_paged or place == 0,
        "is_last": not sitting.is_paged or place >= len(codes) - 1,
        "problem": whole,
        "title": sitting.title,
        "is_form": True,
    }
    return framed(
        request, "surveys/answer.html", context, path=sitting.path, frames=sitting.frames, status=status
    )
