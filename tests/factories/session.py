"""Members who are signed in."""

from datetime import timedelta

from django.core.signing import get_cookie_signer
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from compensation.members import rules
from compensation.models import Member, MemberSession
from compensation.portal.base import COOKIE, SALT


def token_of(member: Member) -> str:
    """The token of a new session."""
    token, now = rules.new_token(), timezone.now()
    MemberSession.objects.create(
        member=member, digest=rules.token_digest(token), created_at=now, expires_at=now + timedelta(days=1)
    )
    return token


def client_of(member: Member) -> APIClient:
    """A client that calls the API as this member."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(member)}")
    return client


def browser_of(member: Member) -> Client:
    """A browser that is signed in to the portal as this member."""
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    sign_in_browser(client, token_of(member))
    return client


def sign_in_browser(client: Client, token: str) -> None:
    """Put the session's signed cookie into the browser."""
    client.cookies[COOKIE] = signed_cookie(token)


def signed_cookie(token: str) -> str:
    """The value of the portal's cookie."""
    return get_cookie_signer(salt=COOKIE + SALT).sign(token)
