"""A member chooses when to talk to us, or says no: by the secret link, without signing in."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.common import limits
from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, NotFound
from config.common.throttling import client_ip
from surveys.interviews import commands, links, queries, slots
from surveys.models import Interview, InterviewState

GUESSES = 60  # in an hour
LANGUAGES = {"zh-hans": "中文", "en": "English"}
SHOWN = 30

View = Callable[[HttpRequest, Interview, str, datetime], HttpResponse]


def by_link(view: View) -> Callable[[HttpRequest, int, str], HttpResponse]:
    """Find the interview of a link, in the member's language; the link stays out of caches and logs."""

    @wraps(view)
    def wrapped(request: HttpRequest, pk: int, token: str) -> HttpResponse:
        at = timezone.now()
        try:
            interview = links.read(pk, token)
        except NotFound as error:
            if limits.hit(f"interview:{client_ip(request)}", per=timedelta(hours=1), at=at).count > GUESSES:
                return HttpResponse(status=429)
            raise Http404 from error
        chosen = request.POST.get("lang") or request.GET.get("lang") or interview.member.language
        with translation.override(chosen if chosen in LANGUAGES else "zh-hans"):
            response = view(request, interview, token, at)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


@csrf_exempt  # no cookie speaks for the member here, the secret in the address does
@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def choose(request: HttpRequest, interview: Interview, token: str, at: datetime) -> HttpResponse:
    """Offer times, or take what was chosen."""
    if request.method != "POST":
        return _page(request, interview, at)
    try:
        if "decline" in request.POST:
            commands.decline(
                interview_id=interview.pk,
                because=request.POST.get("because", ""),
                actor=interview.member,
                at=at,
            )
        else:
            slot = id_in(request.POST.get("slot"))
            if slot is None:
                raise Invalid(_("Please choose a time."))
            records = request.POST.get("records") == "1"
            commands.choose(
                interview_id=interview.pk, slot_id=slot, records=records, actor=interview.member, at=at
            )
    except DomainError as error:
        return _page(request, links.read(interview.pk, token), at, error)
    return HttpResponseRedirect(f"{request.path}?lang={translation.get_language()}")


@require_safe
@by_link
def calendar(request: HttpRequest, interview: Interview, token: str, at: datetime) -> HttpResponse:  # noqa: ARG001 - one signature for all
    """The time that was chosen, for the member's calendar."""
    slot = getattr(interview, "slot", None)
    if slot is None or interview.state != InterviewState.ARRANGED:
        raise Http404
    text = slots.calendar(slot, title=_("Talk with Huiyin"), at=at)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="interview.ics"'
    return response


def _page(
    request: HttpRequest, interview: Interview, at: datetime, error: DomainError | None = None
) -> HttpResponse:
    language = translation.get_language()
    is_open = interview.state in queries.OPEN
    slot = getattr(interview, "slot", None)
    context = {
        "interview": interview,
        "stands": interview.state,
        "is_open": is_open,
        "chosen": slot if interview.state == InterviewState.ARRANGED else None,
        "when": commands.said(slot) if slot else "",
        "offered": [(one.pk, commands.said(one), one.place) for one in queries.offered(interview, at)[:SHOWN]]
        if is_open
        else [],
        "calendar": f"{links.page(interview)}interview.ics",
        "error": error,
        "language": language,
        "html_language": "zh-CN" if language == "zh-hans" else language,
        "others": [(code, name) for code, name in LANGUAGES.items() if code != language],
        "title": _("May we talk to you?"),
        "page": request.path,
    }
    return render(request, "surveys/interviews/choose.html", context, status=error.status if error else 200)
