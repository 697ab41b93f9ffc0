"""What every page of the portal stands on: who is signed in, how a page is rendered, how far lists go."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from compensation.members import rules
from compensation.members.queries import session_for
from compensation.models import Member, MemberSession
from compensation.notices.queries import unread
from config.common.screens import POLICY

COOKIE, SALT, PATH = "member", "portal", "/portal/"
PAGE = 20

SAID = {
    "opened": _("Sent. We have received your message."),
    "written": _("Sent."),
    "confirmed": _("Thank you for telling us. The case is closed."),
    "reopened": _("We have taken it up again."),
    "answered": _("Thank you for your answers."),
    "again": _("A new code is on its way."),
    "helped": _("Glad that it helped."),
    "chosen": _("Kept. From now on we go by it."),
    "erased": _("Your data was erased. Thank you for the time with us."),
    "signed": _("Signed in for today."),
    "reviewed": _("Thank you. Everybody can read it now."),
    "held": _("Thank you. It is published once somebody has looked at it."),
    "deleted": _("Taken back: nobody reads it any more."),
    "appealed": _("Somebody else looks at it again and tells you."),
    "suggested": _("Thank you. Somebody reads it, and we tell you what becomes of it."),
    "taken_back": _("Taken back."),
    "voted": _("Thank you for telling us."),
    "redeemed": _("It is yours: the coupon stands among your coupons."),
}
"""What a page may say at its top after something was done, by the word in its address."""


class MemberRequest(HttpRequest):
    """A request of a member who is signed in."""

    member: Member
    member_session: MemberSession


View = Callable[..., HttpResponseBase]
Row = TypeVar("Row", bound=Model)


def session_of(request: HttpRequest) -> MemberSession | None:
    """The open session that the browser's signed cookie holds."""
    token = request.get_signed_cookie(COOKIE, default="", salt=SALT)
    return session_for(token, timezone.now()) if token else None


def remember(response: HttpResponse, token: str) -> None:
    """Have the browser keep the session's token where no script and no other site can use it."""
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=SALT,
        max_age=int(rules.SESSION_LIFE.total_seconds()),
        path=PATH,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def signed_in(view: View) -> View:
    """Show a page to members only, in their language; others sign in first and come back."""

    @wraps(view)
    def wrapped(request: MemberRequest, *args: Any, **more: Any) -> HttpResponseBase:
        session = session_of(request)
        if session is None:
            back = {"next": request.get_full_path()} if request.method == "GET" else {}
            return HttpResponseRedirect(f"{reverse('portal:sign-in')}?{urlencode(back)}".rstrip("?"))
        request.member, request.member_session = session.member, session
        with translation.override(session.member.language):
            return view(request, *args, **more)

    return wrapped


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page of the portal under its content security policy; nobody else may keep a copy."""
    member = getattr(request, "member", None)
    full = {
        "at": timezone.now(),
        "member": member,
        "unread": unread(member) if member else 0,
        "said": SAID.get(request.GET.get("said", "")),
        **(context or {}),
    }
    response = render(request, template, full, status=status)
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "private, no-store"
    return response


def go(name: str, *args: Any, said: str = "") -> HttpResponseRedirect:
    """To a page of the portal, which says at its top what was done."""
    path = reverse(f"portal:{name}", args=args)
    return HttpResponseRedirect(f"{path}?said={said}" if said else path)


def way_back(request: HttpRequest, wanted: str) -> str:
    """The page of the portal that was wanted before signing in; the first page when it is no such page."""
    own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if own and wanted.startswith(PATH) else reverse("portal:home")


def older(rows: QuerySet[Row], field: str, after: str, size: int = PAGE) -> tuple[list[Row], str]:
    """A page of rows, newest first by a time, and the cursor of the next; "" when this is the last.

    A cursor that nobody gave out begins at the first page.
    """
    moment, _dash, last = after.partition("_")
    try:
        before = datetime.fromisoformat(moment).astimezone(UTC)
        rows = rows.filter(Q(**{f"{field}__lt": before}) | Q(**{field: before, "pk__lt": int(last)}))
    except (ValueError, OverflowError):
        pass
    found = list(rows.order_by(f"-{field}", "-pk")[: size + 1])
    more = f"{getattr(found[size - 1], field).isoformat()}_{found[size - 1].pk}" if len(found) > size else ""
    return found[:size], more
