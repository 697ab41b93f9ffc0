"""Who asks: a program with a key (`Authorization: Bearer hy_…`)."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from config.common import api_keys, limits
from config.common.api_key_models import ApiKey
from config.common.signed import BAD_SIGNATURES, MINUTE
from config.common.throttling import client_ip

SCHEME = "Bearer"


class ApiKeyAuthentication(BaseAuthentication):
    """`request.user` is then the key."""

    def authenticate(self, request: Request) -> tuple[ApiKey, None] | None:
        """The key whose token is shown; None when none is shown."""
        scheme, _space, token = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        at = timezone.now()
        key = api_keys.used(token.strip(), at)
        if key is None:
            limits.take(f"key:bad:{client_ip(request)}", limit=BAD_SIGNATURES, per=MINUTE, at=at)
            raise AuthenticationFailed(_("This key is not valid or was revoked."))
        return key, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """What a client has to show: makes the refusal a 401."""
        return SCHEME


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # theirs
    """How the schema names it."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - its signature
        """A bearer token."""
        return {"type": "http", "scheme": "bearer"}
