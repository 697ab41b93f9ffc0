"""What people see, and programs read, when a request fails outside the API's own views."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import get_language
from django.utils.translation import gettext as _

API = "/api/"
MEDIA_TYPE = "application/problem+json"


def error_page(request: HttpRequest, status: int, text: str = "") -> HttpResponse:
    """A short page, or a problem below `/api/`. It needs neither the database nor a session."""
    title, default = _words(status)
    text = text or default
    if request.path.startswith(API):
        code = {400: "bad_request", 403: "not_permitted", 404: "not_found"}.get(status, "error")
        problem = {"type": f"urn:huiyin:problem:{code}", "title": title, "status": status, "code": code}
        return JsonResponse({**problem, "detail": text}, status=status, content_type=MEDIA_TYPE)
    content = {"title": title, "text": text, "status": status, "language": get_language() or "zh-hans"}
    return HttpResponse(loader.render_to_string("error.html", content), status=status)


def _words(status: int) -> tuple[str, str]:
    match status:
        case 400:
            return _("Bad request"), _("We could not read this request. Go back and try again.")
        case 403:
            return _("No access"), _("You are not permitted to see this. Ask your team lead if you need it.")
        case 404:
            return _("Not found"), _("There is nothing at this address, or nothing that you may see.")
        case 500:
            return _("Something broke"), _(
                "This is our fault, not yours. It has been noted; please try again in a moment."
            )
    return _("Not possible"), _("This cannot be done.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer 400."""
    return error_page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer 403."""
    return error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer 404."""
    return error_page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    return error_page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer a form whose token does not fit."""
    return error_page(
        request, 403, _("This page was open for too long, or cookies are off. Load it again and repeat.")
    )
