"""Signing in by a code in two steps, out again, and choosing a language."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import check_for_language
from django.views.decorators.http import require_http_methods, require_POST

from compensation.members import commands, rules
from compensation.portal.base import COOKIE, PATH, go, page, remember, session_of, way_back
from compensation.portal.forms import CodeForm, ContactForm
from config.common.errors import DomainError
from config.common.throttling import client_ip

ASKED, SALT = "asked", "portal.asked"
LIFE = int(rules.CODE_LIFE.total_seconds())


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """Take a phone number or address and send a code there."""
    back = way_back(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST":
        if session_of(request):
            return HttpResponseRedirect(back)
        return page(request, "portal/sign_in.html", {"form": ContactForm(), "next": back})
    form = ContactForm(request.POST)
    if form.is_valid():
        to = form.cleaned_data["contact"]
        try:
            commands.request_code(contact=to, ip=client_ip(request), at=timezone.now())
        except DomainError as error:
            form.add_error("contact", str(error))
        else:
            response = go("code", said="again" if "again" in request.POST else "")
            response.set_signed_cookie(
                ASKED,
                f"{to}\n{back}",
                salt=SALT,
                max_age=LIFE,
                path=PATH,
                secure=settings.HTTPS,
                httponly=True,
                samesite="Lax",
            )
            return response
    return page(request, "portal/sign_in.html", {"form": form, "next": back}, status=400)


@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Take the code and open the session."""
    asked = request.get_signed_cookie(ASKED, default="", salt=SALT, max_age=LIFE)
    to, _line, back = (asked or "").partition("\n")
    if not to:
        return go("sign-in")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token, _session = commands.sign_in(
                contact=to, code=form.cleaned_data["code"], ip=client_ip(request), at=timezone.now()
            )
        except DomainError as error:
            form.add_error("code", str(error))
        else:
            response = HttpResponseRedirect(way_back(request, back))
            remember(response, token)
            response.delete_cookie(ASKED, path=PATH, samesite="Lax")
            return response
    context = {
        "form": form,
        "contact": to,
        "masked": rules.masked(to),
        "next": back,
        "minutes": LIFE // 60,
    }
    return page(request, "portal/code.html", context, status=400 if form.is_bound else 200)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session here."""
    if session := session_of(request):
        commands.sign_out(session=session, at=timezone.now())
    response = go("sign-in")
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Speak another language from now on, on the page that was on the screen."""
    wanted = request.POST.get("language", "")
    response = HttpResponseRedirect(way_back(request, request.POST.get("next", reverse("portal:home"))))
    if wanted in dict(settings.LANGUAGES) and check_for_language(wanted):
        if session := session_of(request):
            commands.choose_language(member=session.member, language=wanted, at=timezone.now())
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, samesite="Lax", secure=settings.HTTPS)
    return response
