"""What a member cares about, for members of staff and their programs."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compensation.members.queries import by_number
from config.common.api import describe
from config.common.errors import NotFound
from config.common.models import User
from feedback.expectations import queries
from feedback.expectations.queries import Portrait, Score
from feedback.expectations.rules import Evidence
from feedback.models import Cared, Sign

SEES = "feedback.view_memberexpectation"


class SeesExpectations(BasePermission):
    """Members of staff with an account in use whose role sees what members care about."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(SEES)


class EvidenceSerializer(serializers.Serializer[Evidence]):
    """A sign that spoke for it."""

    sign = serializers.ChoiceField(choices=Sign.choices)
    times = serializers.IntegerField(source="n")
    of = serializers.IntegerField(
        allow_null=True, help_text="Of how many cases, orders, …; null: no such number."
    )
    votes = serializers.FloatField(help_text="What it counts for, by its age.")
    text = serializers.SerializerMethodField(help_text="For people.")

    def get_text(self, one: Evidence) -> str:
        """In words."""
        return queries.in_words(one)


class CaredScoreSerializer(serializers.Serializer[Score]):
    """One thing that members care about."""

    about = serializers.ChoiceField(choices=Cared.choices, source="cared")
    percent = serializers.FloatField()
    usual = serializers.FloatField(help_text="The average of their group, in percent.")
    evidence = EvidenceSerializer(many=True)


class ExpectationSerializer(serializers.Serializer[Portrait]):
    """What a member cares about, the most first."""

    member = serializers.CharField(source="row.member.external_id")
    cares_for = serializers.ChoiceField(
        choices=Cared.choices, allow_blank=True, source="row.cares_for", help_text="Empty: we are not sure."
    )
    certainty = serializers.FloatField(source="row.certainty", help_text="That the first is ahead.")
    votes = serializers.FloatField(source="row.votes", help_text="Of their own.")
    group = serializers.CharField(source="row.group")
    scores = CaredScoreSerializer(many=True)
    usual_days = serializers.SerializerMethodField(
        help_text="Four of five of their parcels came within so many days; null: too few."
    )
    computed_at = serializers.DateTimeField(source="row.computed_at")

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_usual_days(self, found: Portrait) -> Any:
        """In days."""
        return None if found.row.usual_days is None else float(found.row.usual_days)


class StaffExpectationView(APIView):
    """What one member cares about."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [SeesExpectations]

    @describe("What a member cares about, and why", "staff", ExpectationSerializer, 401, 403, 404)
    def get(self, _request: Request, number: str) -> Response:
        """With what speaks for it; 404 where nothing is known, or they do not want it."""
        found = queries.of_member(by_number(number).pk)
        if found is None:
            raise NotFound
        return Response(ExpectationSerializer(found).data)
