"""Who asks: a member with a session's token."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from compensation.members.queries import session_for
from compensation.models import Member, MemberSession

SCHEME = "Bearer"


class MemberTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; `request.user` is then the member, `request.auth` the session."""

    def authenticate(self, request: Request) -> tuple[Member, MemberSession] | None:
        """The member and session behind the token; None when no token is shown."""
        scheme, _space, token = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        session = session_for(token.strip(), timezone.now())
        if session is None:
            raise AuthenticationFailed(_("This sign-in is not valid or has ended. Please sign in again."))
        return session.member, session

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """What a client has to show: makes the refusal a 401."""
        return SCHEME


class IsMember(BasePermission):
    """Only members who are signed in."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether a member asks."""
        return isinstance(request.user, Member)


class MemberTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # theirs
    """How the schema names it."""

    target_class = MemberTokenAuthentication
    name = "memberToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - its signature
        """A bearer token."""
        return {"type": "http", "scheme": "bearer"}
