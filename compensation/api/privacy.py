"""The member's own data: to have it, and to have it erased."""

from typing import Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from compensation.models import Member
from compensation.privacy import commands, queries
from config.common.api import PROBLEM, PROBLEM_SERIALIZER, describe
from config.common.errors import Invalid


class ErasureSerializer(serializers.Serializer[Any]):
    """What erasing waits for, and what it ends."""

    open = serializers.ListField(child=serializers.CharField(), help_text="Still to be finished before it.")
    points = serializers.IntegerField(help_text="Points that end.")
    coupons = serializers.IntegerField(help_text="Coupons that end.")


class EraseSerializer(serializers.Serializer[Any]):
    """That it is meant."""

    number = serializers.CharField(help_text="The member's own number, so that it is no mistake.")


class ExportView(MemberView[Member]):
    """All that is held of me."""

    @extend_schema(
        summary="All that is held of me, as a ZIP",
        tags=["member"],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            **{(status, PROBLEM): PROBLEM_SERIALIZER for status in (401, 404, 429)},
        },
    )
    def get(self, _request: Request) -> FileResponse:
        """`data.json` with the rows of each table, and the files."""
        kept = commands.export_own(member=self.member, at=timezone.now())
        return FileResponse(kept, as_attachment=True, filename="my-data.zip")


class ErasureView(MemberView[Member]):
    """Erasing what is held of me."""

    serializer_class = ErasureSerializer

    @describe("What erasing my data waits for and ends", "member", ErasureSerializer, 401)
    def get(self, _request: Request) -> Response:
        """What is still open, and what would be lost."""
        ends = queries.ending(self.member, timezone.now())
        found = {"open": queries.standing(self.member.pk), "points": ends.points, "coupons": ends.coupons}
        return Response(ErasureSerializer(found).data)

    @describe("Erase my data for good", "member", None, 400, 401, 409, request=EraseSerializer, status=204)
    def post(self, request: Request) -> Response:
        """Erase everything and end all sessions. It cannot be undone."""
        asked = EraseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if asked.validated_data["number"] != self.member.external_id:
            raise Invalid(field="number")
        commands.erase(member_id=self.member.pk, actor=self.member, at=timezone.now())
        return Response(status=204)
