"""Signing in and out."""

from typing import Any

from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compensation.api.base import MemberView
from compensation.api.serializers import (
    CodeRequestSerializer,
    CodeSentSerializer,
    CodeSignInSerializer,
    ShopSignInSerializer,
    SignedInSerializer,
)
from compensation.members import commands
from compensation.models import MemberSession
from config.common.api import describe
from config.common.throttling import client_ip


class OpenView(APIView):
    """A view for anybody."""

    authentication_classes = []
    permission_classes = []


class CodeView(OpenView):
    """Ask for a code."""

    @describe(
        "Have a sign-in code sent",
        "sign-in",
        CodeSentSerializer,
        400,
        status=202,
        request=CodeRequestSerializer,
        operation_id="auth_code",
        description="The answer does not tell whether the contact is a member's.",
    )
    def post(self, request: Request) -> Response:
        """Send a code of six digits that works for ten minutes."""
        asked = CodeRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        expires_at = commands.request_code(
            contact=asked.validated_data["contact"], ip=client_ip(request), at=timezone.now()
        )
        answer = CodeSentSerializer({"expires_at": expires_at})
        return Response(answer.data, status=status.HTTP_202_ACCEPTED)


class TokenView(OpenView):
    """Sign in with a code."""

    @describe(
        "Sign in with a code",
        "sign-in",
        SignedInSerializer,
        400,
        status=201,
        request=CodeSignInSerializer,
        operation_id="auth_token",
    )
    def post(self, request: Request) -> Response:
        """Open a session with the code that was received last."""
        asked = CodeSignInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        opened = commands.sign_in(**asked.validated_data, ip=client_ip(request), at=timezone.now())
        return _signed_in(*opened)


class ShopView(OpenView):
    """Sign in from the shop."""

    @describe(
        "Sign in with a token of the shop's",
        "sign-in",
        SignedInSerializer,
        400,
        status=201,
        request=ShopSignInSerializer,
        operation_id="auth_shop",
    )
    def post(self, request: Request) -> Response:
        """Open a session for the member whom the shop vouches for."""
        asked = ShopSignInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        opened = commands.sign_in_with_jwt(
            token=asked.validated_data["token"], ip=client_ip(request), at=timezone.now()
        )
        return _signed_in(*opened)


class SignOutView(MemberView[Any]):
    """End the session."""

    @describe(
        "Sign out",
        "sign-in",
        None,
        401,
        status=204,
        request=None,
        operation_id="auth_sign_out",
    )
    def post(self, _request: Request) -> Response:
        """End the session of the token that is shown."""
        commands.sign_out(session=self.session, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _signed_in(token: str, session: MemberSession) -> Response:
    answer = SignedInSerializer({"token": token, "expires_at": session.expires_at, "member": session.member})
    return Response(answer.data, status=status.HTTP_201_CREATED)
