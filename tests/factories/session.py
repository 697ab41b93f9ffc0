"""Members who are signed in."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from compensation.members import rules
from compensation.models import Member, MemberSession


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
