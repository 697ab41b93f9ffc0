"""Answering an open campaign: by its link, or in the pop-up of the shop's pages.

There is no cookie of a member, and no row before something is answered. Guarded against machines.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.common import limits
from config.common.errors import Invalid
from config.common.throttling import client_ip
from surveys.models import Door, Response, SurveyVersion, Way
from surveys.models.questionnaire import in_language
from surveys.portal import asking
from surveys.portal.frame import framed, language_of
from surveys.responses import commands, doors
from surveys.responses.doors import Pass
from surveys.responses.sitting import Sitting

HONEY = "website"
"""A field that people do not see: who fills it in is a machine."""
FASTEST = timedelta(seconds=3)
HOUR = timedelta(hours=1)
COOKIE, YEAR = "answered", 365 * 24 * 3600
SCRIPT = Path(__file__).parent.parent / "static" / "surveys" / "pop-up.js"


class TooFast(Invalid):
    """Sent sooner than anybody reads."""

    code = "too_fast"
    default = gettext_lazy("That was very quick. Please look over your answers and send them again.")


@csrf_exempt  # no cookie speaks for anybody here: who answers is nobody we know
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, key: str, ticket: str = "") -> HttpResponse:
    """Show the questions of an open campaign, or take the answers."""
    at = timezone.now()
    found = doors.find(key)
    with translation.override(language_of(request)):
        version = doors.open_version(found, at) if found else None
        if found is None or version is None or request.COOKIES.get(COOKIE):
            return _message(request, found, "unknown" if not found else "answered" if version else "closed")
        if not ticket:
            way = Way.EMBED if request.GET.get("embed") and found.origins else Way.LINK
            return asking.show(request, _sitting(found, version, doors.hand_out(version, way, at), at))
        given = doors.read(found, ticket, at)
        begun = doors.version_of(found, given) if given else None
        if given is None or begun is None:
            return HttpResponseRedirect(reverse("open:door", args=[key]))
        sitting = _sitting(found, begun, given, at)
        if sitting.place.is_spent():
            return _message(request, found, "answered")
        return (
            _take(request, sitting, given, at) if request.method == "POST" else asking.show(request, sitting)
        )


def _sitting(found: Door, version: SurveyVersion, given: Pass, at: datetime) -> Sitting:
    return Sitting(
        place=doors.place_of(found, given, at),
        version=version,
        campaign=found.campaign,
        path=reverse("open:answer", args=[found.key, doors.write(found, given)]),
        thanks=reverse("open:thanks", args=[found.key]),
        language=translation.get_language() or "",
        is_open=True,
        frames=found.origins,
    )


def _take(request: HttpRequest, sitting: Sitting, given: Pass, at: datetime) -> HttpResponse:
    def send(answers: Mapping[str, Any]) -> Response:
        _look(request, given, at)
        return commands.answer_here(place=sitting.place, questions=sitting.questions, answers=answers, at=at)

    response = asking.take(request, sitting, at, send)
    if getattr(response, "url", "").startswith(sitting.thanks):
        response.set_cookie(
            COOKIE,
            "1",
            max_age=YEAR,
            path=sitting.thanks.removesuffix("thanks/"),
            secure=settings.HTTPS,
            httponly=True,
            samesite="None" if settings.HTTPS else "Lax",
        )
    return response


def _look(request: HttpRequest, given: Pass, at: datetime) -> None:
    """Tell people from machines.

    Raises:
        TooFast: sent sooner than anybody reads.
        Invalid: a field was filled in that people do not see.
        TooMany: too many answers from one network address.
    """
    if request.POST.get(HONEY):
        raise Invalid(_("Please send it again without the hidden field."))
    if at - given.began_at < FASTEST:
        raise TooFast
    limits.take(
        f"survey:open:{_digest(client_ip(request), at)}",
        limit=settings.SURVEY_ANSWERS_AN_HOUR,
        per=HOUR,
        at=at.replace(minute=0, second=0, microsecond=0),
    )


def _digest(address: str, at: datetime) -> str:
    """An address as it is counted: another digest every day, and no moment but the hour."""
    return salted_hmac("surveys.open", f"{at:%Y%m%d}{address}", algorithm="sha256").hexdigest()[:32]


@require_safe
def thanks(request: HttpRequest, key: str) -> HttpResponse:
    """Say thanks."""
    found = doors.find(key)
    with translation.override(language_of(request)):
        return _message(request, found, "thanks" if found else "unknown")


def _message(request: HttpRequest, found: Door | None, state: str) -> HttpResponse:
    status = {"unknown": 404, "closed": 410}.get(state, 200)
    context = {"state": state, "title": _("How did we do?")}
    version = doors.latest(found) if found else None
    if version is not None:
        context["title"] = version.heading()
        context["thanks"] = in_language(version.thanks, version.thanks_en) if state == "thanks" else ""
    frames = found.origins if found else ()
    return framed(request, "surveys/message.html", context, path=request.path, frames=frames, status=status)


@lru_cache(maxsize=1)
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


@require_safe
@cache_control(public=True, max_age=300)
def pop_up(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 - Django's
    """The script that the shop puts into its pages: when, for whom and where the pop-up comes."""
    found = doors.find(key)
    content = "/* closed */"
    if found is not None and found.origins and doors.open_version(found, timezone.now()) is not None:
        terms = {
            "key": key,
            "url": settings.PUBLIC_URL + reverse("open:door", args=[key]),
            "after": found.after_seconds,
            "share": found.share,
            "again": found.again_days,
        }
        content = _script().replace("/*TERMS*/", json.dumps(terms))
    response = HttpResponse(content, content_type="text/javascript; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
