"""What every page of a survey has around its content: languages, headers, who may frame it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from surveys.models import Invitation

LANGUAGES = {"zh-hans": "中文", "en": "English"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
)


def language_of(request: HttpRequest, invitation: Invitation | None = None) -> str:
    """What was chosen on the page, else the member's language, else the browser's."""
    chosen = request.POST.get("lang") or request.GET.get("lang") or ""
    if chosen in LANGUAGES:
        return chosen
    if invitation is not None and invitation.member and invitation.member.language in LANGUAGES:
        return invitation.member.language
    return translation.get_language_from_request(request)


def framed(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    path: str,
    frames: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    """Render a page. Its link stays out of caches, search engines and other sites' logs."""
    current = translation.get_language() or settings.LANGUAGE_CODE
    full = {
        **context,
        "language": current,
        "html_language": "zh-CN" if current == "zh-hans" else current,
        "others": [(code, name) for code, name in LANGUAGES.items() if code != current],
        "page": path,
        "is_framed": bool(frames) and bool(request.GET.get("embed") or request.POST.get("embed")),
    }
    response = render(request, template, full, status=status)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    response["Content-Security-Policy"] = POLICY.format(frames=" ".join(frames) or "'none'")
    if frames:
        response.xframe_options_exempt = True  # the policy above holds
    return response
