"""Needs for staff: the register in its order, what speaks for each, and what is done with them."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.common.api import describe
from config.common.errors import NotFound
from feedback.models import Department
from surveys.api.staff import StaffSurveysView
from surveys.models import SOURCES, KanoCategory, Need, NeedState
from surveys.needs import commands, queries, seeing

VIEW, ADD, CHANGE, LINK = (
    "surveys.view_need",
    "surveys.add_need",
    "surveys.change_need",
    "surveys.link_need",
)
ERRORS = (400, 403, 404, 409, 415)


class KanoSerializer(serializers.Serializer[Any]):
    """What a need is to some members."""

    category = serializers.ChoiceField(choices=KanoCategory.choices, allow_null=True)
    better = serializers.FloatField(allow_null=True)
    worse = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class NeedSerializer(serializers.Serializer[Any]):
    """A need with what speaks for it."""

    id = serializers.IntegerField(source="need.pk")
    code = serializers.CharField(source="need.code")
    name = serializers.CharField(source="need.name")
    name_en = serializers.CharField(source="need.name_en")
    about = serializers.CharField(source="need.about")
    state = serializers.ChoiceField(source="need.state", choices=NeedState.choices)
    department = serializers.CharField(source="need.department.code", default=None, allow_null=True)
    is_urgent = serializers.BooleanField(help_text="Must-be and unmet.")
    evidence = serializers.IntegerField()
    by_source = serializers.DictField(source="counts", child=serializers.IntegerField())
    kano = KanoSerializer(source="summary")
    segments = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=KanoSerializer()))
    def get_segments(self, row: queries.Row) -> dict[str, Any]:
        """What it is to each segment, by its code."""
        return {code: KanoSerializer(one).data for code, one in row.kano.segments.items()}


class NeedWriteSerializer(serializers.Serializer[Any]):
    """What a need is, and who looks after it."""

    name = serializers.CharField(max_length=commands.NAME)
    name_en = serializers.CharField(max_length=commands.NAME, required=False, allow_blank=True, default="")
    about = serializers.CharField(max_length=commands.ABOUT, required=False, allow_blank=True, default="")
    department = serializers.SlugRelatedField(
        slug_field="code", queryset=Department.objects.all(), required=False, allow_null=True, default=None
    )


class NeedEditSerializer(serializers.Serializer[Any]):
    """What is to be another; what is left out stays as it is."""

    name = serializers.CharField(max_length=commands.NAME, required=False)
    name_en = serializers.CharField(max_length=commands.NAME, required=False, allow_blank=True)
    about = serializers.CharField(max_length=commands.ABOUT, required=False, allow_blank=True)
    department = serializers.SlugRelatedField(
        slug_field="code",
        queryset=Department.objects.all(),
        required=False,
        allow_null=True,
        help_text="null: nobody looks after it.",
    )
    state = serializers.ChoiceField(choices=NeedState.choices, required=False)


class NeedMergeSerializer(serializers.Serializer[Any]):
    """The need that goes on."""

    into = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class EvidenceWriteSerializer(serializers.Serializer[Any]):
    """Something that speaks of it."""

    kind = serializers.ChoiceField(choices=SOURCES)
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class NeedEvidenceSerializer(serializers.Serializer[Any]):
    """Something that speaks of a need."""

    id = serializers.IntegerField(source="pk")
    kind = serializers.SerializerMethodField()
    row = serializers.SerializerMethodField(help_text="Its number there.")
    said_on = serializers.DateField()

    @extend_schema_field(serializers.ChoiceField(choices=SOURCES))
    def get_kind(self, one: Any) -> str:
        """What kind of thing it is."""
        return seeing.source_of(one)

    def get_row(self, one: Any) -> int:
        """By its source."""
        return int(getattr(one, f"{seeing.source_of(one)}_id"))


class NeedView(StaffSurveysView):
    """What the views of needs share."""

    queryset = Need.objects.none()
    filter_backends = []
    pagination_class = None
    reads = (VIEW,)

    def answer(self, pk: int, *, status: int = 200) -> Response:
        """A need as an answer.

        Raises:
            NotFound: there is none.
        """
        rows = queries.register(Need.objects.filter(pk=pk).select_related("department"))
        if not rows:
            raise NotFound
        return Response(NeedSerializer(rows[0]).data, status=status)


class StaffNeedsView(NeedView):
    """The register."""

    @describe(
        "Needs", "staff", NeedSerializer(many=True), 403, operation_id="staff_needs",
        parameters=[
            OpenApiParameter("state", enum=NeedState.values),
            OpenApiParameter("source", enum=list(SOURCES), description="Spoken of there."),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Must-be and unmet first; at most 500."""
        needs = queries.standing()
        state = request.query_params.get("state", "")
        if state in NeedState.values:
            needs = needs.filter(state=state)
        rows = queries.register(needs, source=request.query_params.get("source", ""))
        return Response(NeedSerializer(rows, many=True).data)

    needs = (ADD,)

    @describe(
        "Add a need", "staff", NeedSerializer, *ERRORS, status=201, request=NeedWriteSerializer,
        operation_id="staff_need_add",
    )  # fmt: skip
    def post(self, _request: Request) -> Response:
        """Its code is made."""
        asked = self.asked(NeedWriteSerializer)
        need = commands.create(**asked, actor=self.user, at=timezone.now())
        return self.answer(need.pk, status=201)


class StaffNeedView(NeedView):
    """One need."""

    needs = (CHANGE,)

    @describe("A need", "staff", NeedSerializer, 403, 404, operation_id="staff_need")
    def get(self, _request: Request, pk: int) -> Response:
        """As it stands."""
        return self.answer(pk)

    @describe(
        "Change a need, or say what has become of it", "staff", NeedSerializer, *ERRORS,
        request=NeedEditSerializer, operation_id="staff_need_change",
    )  # fmt: skip
    def patch(self, _request: Request, pk: int) -> Response:
        """What is left out stays; the same state again changes nothing."""
        asked = self.asked(NeedEditSerializer)
        who: dict[str, Any] = {"need_id": pk, "actor": self.user, "at": timezone.now()}
        state = asked.pop("state", None)
        with transaction.atomic():
            if asked:
                commands.edit(**who, **asked)
            if state is not None:
                commands.set_state(**who, state=state)
        return self.answer(pk)


class StaffNeedMergeView(NeedView):
    """Merge."""

    needs = (CHANGE,)

    @describe(
        "Let a need go into another one", "staff", NeedSerializer, *ERRORS, request=NeedMergeSerializer,
        operation_id="staff_need_merge",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """The answer is the one that goes on."""
        asked = self.asked(NeedMergeSerializer)
        into = commands.merge(need_id=pk, into_id=asked["into"], actor=self.user, at=timezone.now())
        return self.answer(into.pk)


class StaffEvidenceView(NeedView):
    """Evidence."""

    needs = (LINK,)

    @describe(
        "What speaks of a need", "staff", NeedEvidenceSerializer(many=True), 403, 404,
        operation_id="staff_need_evidence",
    )  # fmt: skip
    def get(self, _request: Request, pk: int) -> Response:
        """The newest of each source that one may read."""
        need = Need.objects.filter(pk=pk).first()
        if need is None:
            raise NotFound
        rows = [one for voice in queries.voices(need, self.user) for one in voice.newest]
        return Response(NeedEvidenceSerializer(rows, many=True).data)

    @describe(
        "Something speaks of a need", "staff", NeedEvidenceSerializer, *ERRORS, status=201,
        request=EvidenceWriteSerializer, operation_id="staff_need_link",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """Again changes nothing."""
        asked = self.asked(EvidenceWriteSerializer)
        made = commands.link(
            need_id=pk, source=asked["kind"], row_id=asked["id"], actor=self.user, at=timezone.now()
        )
        return Response(NeedEvidenceSerializer(made).data, status=201)


class StaffEvidenceRemoveView(NeedView):
    """Take away."""

    needs = (LINK,)

    @describe(
        "It does not speak of the need", "staff", None, 403, 404, status=204, operation_id="staff_need_unlink"
    )
    def delete(self, _request: Request, pk: int) -> Response:
        """What it was stays."""
        self.asked(serializers.Serializer)
        commands.unlink(evidence_id=pk, actor=self.user, at=timezone.now())
        return Response(status=204)
