"""Gaps for members of staff: lists, their kind and cause, hot spots, and what rested on one that is none."""

from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from config.common.api import describe
from config.common.asked import within_years
from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from feedback.api.gap_serializers import (
    ClassifySerializer,
    DecideOverturnedSerializer,
    DismissSerializer,
    HotSpotsSerializer,
    OverturnedSerializer,
    StaffGapSerializer,
)
from feedback.gaps import commands, hot_spots, overturning
from feedback.models import Aspect, Gap, GapCause, GapKind, Overturned, OverturnedState, Severity

VIEW, CHANGE = "feedback.view_gap", "feedback.change_gap"
MOST_SPOTS = 500
CODES = (400, 403, 404, 409, 415)


class May(BasePermission):
    """Members of staff with an account in use who have the right that the view names."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether such a one asks."""
        user = request.user
        right: str = getattr(view, "sees", VIEW)
        return isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(right)


class GapFilter(filters.FilterSet):
    """By what it is about, whose, how bad and why; those that stand unless asked otherwise."""

    aspect = filters.ChoiceFilter(choices=Aspect.choices)
    severity = filters.ChoiceFilter(choices=Severity.choices)
    kind = filters.ChoiceFilter(choices=GapKind.choices)
    cause = filters.ChoiceFilter(choices=GapCause.choices)
    member = filters.CharFilter(field_name="member__external_id", max_length=64)
    order = filters.CharFilter(field_name="order__external_id", max_length=64)
    standing = filters.BooleanFilter(field_name="withdrawn_at", lookup_expr="isnull")
    waiting = filters.BooleanFilter(field_name="actual_at", lookup_expr="isnull", help_text="Not yet there.")
    detected = filters.IsoDateTimeFromToRangeFilter(field_name="detected_at")

    class Meta:
        model = Gap
        fields: list[str] = []


class StaffView(GenericAPIView[Any]):
    """For whoever is signed in to the admin and has the right `sees`; doing something takes `needs`."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [May]
    sees: ClassVar[str] = VIEW
    needs: ClassVar[str] = CHANGE

    @property
    def user(self) -> User:
        """Who asks."""
        user: Any = self.request.user
        assert isinstance(user, User)  # noqa: S101 - May has seen to it
        return user

    def asked(self, form: type[Serializer[Any]]) -> dict[str, Any]:
        """What was sent, by somebody who may do it.

        Raises:
            NotPermitted: they may not.
        """
        if not self.user.has_perm(self.needs):
            raise NotPermitted
        given = form(data=self.request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)


class GapView(StaffView):
    """Gaps."""

    queryset: QuerySet[Any] = Gap.objects.none()
    serializer_class: Any = StaffGapSerializer

    def get_queryset(self) -> QuerySet[Any]:
        """With what each shows."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return Gap.objects.select_related("member", "order", "case", "promise")

    def answer(self, gap_id: int) -> Response:
        """A gap as it stands now.

        Raises:
            NotFound: there is none.
        """
        found = self.get_queryset().filter(pk=gap_id).first()
        if found is None:
            raise NotFound
        return Response(StaffGapSerializer(found).data)


@extend_schema_view(get=describe("Gaps", "staff", StaffGapSerializer(many=True), 400, 403, 404))
class StaffGapsView(GapView, ListAPIView[Gap]):
    """Newest first; `standing=true` leaves out what is withdrawn."""

    filterset_class = GapFilter
    ordering_fields = ["detected_at"]
    ordering = ["-detected_at"]


class StaffGapView(GapView):
    """One gap."""

    @describe("A gap", "staff", StaffGapSerializer, 403, 404, operation_id="staff_gap_retrieve")
    def get(self, _request: Request, pk: int) -> Response:
        """With what was promised."""
        return self.answer(pk)


class StaffGapClassifyView(GapView):
    """Its kind and cause."""

    @describe(
        "Say what kind of gap it is, and its cause", "staff", StaffGapSerializer, *CODES,
        request=ClassifySerializer, operation_id="staff_gap_classify",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """The same again changes nothing."""
        content = self.asked(ClassifySerializer)
        commands.correct(gap_id=pk, actor=self.user, at=timezone.now(), **content)
        return self.answer(pk)


class StaffGapDismissView(GapView):
    """No gap at all."""

    @describe(
        "Say that it is no gap", "staff", StaffGapSerializer, *CODES,
        request=DismissSerializer, operation_id="staff_gap_dismiss",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """What was opened or given for it goes to a supervisor; other facts bring it back."""
        content = self.asked(DismissSerializer)
        commands.dismiss(gap_id=pk, actor=self.user, at=timezone.now(), **content)
        return self.answer(pk)


class HotSpotFilter(filters.FilterSet):
    """Which gaps, gathered by what, in which week; no filter of rows."""

    aspect = filters.ChoiceFilter(choices=Aspect.choices, help_text="Delivery unless asked otherwise.")
    by = filters.MultipleChoiceFilter(choices=[(one.value, one.label) for one in hot_spots.SEARCHED])
    until = filters.DateFilter(validators=[within_years], help_text="The last day of the week.")
    limit = filters.NumberFilter(min_value=1, max_value=MOST_SPOTS)

    class Meta:
        model = Gap
        fields: list[str] = []


class StaffHotSpotsView(StaffView):
    """Where promises are broken more often than usual."""

    queryset = Gap.objects.none()
    filterset_class = HotSpotFilter
    filter_backends = [filters.DjangoFilterBackend]
    pagination_class = None
    serializer_class: Any = HotSpotsSerializer

    @describe(
        "Hot spots of a week", "staff", HotSpotsSerializer, 400, 403,
        operation_id="staff_hot_spots", filters=True,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Those that have grown first: by their rate, not by their count."""
        form = HotSpotFilter(request.query_params, queryset=Gap.objects.none())
        if not form.is_valid():
            raise ValidationError({name: list(map(str, told)) for name, told in form.errors.items()})
        asked = form.form.cleaned_data
        aspect = asked["aspect"] or Aspect.DELIVERY
        until = asked["until"] or hot_spots.latest_week(aspect, timezone.localdate() - timedelta(days=1))
        by = asked["by"] or hot_spots.SEARCHED
        found = hot_spots.search(aspect, until=until, by=by, limit=int(asked["limit"] or 50))
        return Response(HotSpotsSerializer(found).data)


class OverturnedFilter(filters.FilterSet):
    """By what became of it."""

    state = filters.ChoiceFilter(choices=OverturnedState.choices)

    class Meta:
        model = Overturned
        fields: list[str] = []


class OverturnedView(StaffView):
    """Gaps that turned out to be none."""

    sees = needs = overturning.DECIDE
    queryset: QuerySet[Any] = Overturned.objects.none()
    serializer_class: Any = OverturnedSerializer

    def get_queryset(self) -> QuerySet[Any]:
        """With what each shows."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return Overturned.objects.select_related(
            "gap__member", "gap__order", "gap__case", "gap__promise", "case", "decided_by"
        )


@extend_schema_view(get=describe("Overturned gaps", "staff", OverturnedSerializer(many=True), 400, 403, 404))
class StaffOverturnedView(OverturnedView, ListAPIView[Overturned]):
    """What rested on gaps that turned out to be none, the longest first."""

    filterset_class = OverturnedFilter
    ordering_fields = ["at"]
    ordering = ["at"]

    def paginate_queryset(self, queryset: Any) -> Any:
        """With what was given, asked once for the whole page."""
        self.shown = super().paginate_queryset(queryset) or []
        return self.shown

    def get_serializer_context(self) -> dict[str, Any]:
        """What was given for the rows of this page."""
        context = super().get_serializer_context()
        shown = getattr(self, "shown", None)
        return dict(context) if shown is None else {**context, "given": overturning.given_for_all(shown)}


class StaffOverturnedDecideView(OverturnedView):
    """What becomes of it."""

    @describe(
        "Decide what becomes of what was given", "staff", OverturnedSerializer, *CODES,
        request=DecideOverturnedSerializer, operation_id="staff_overturned_decide",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """Leave it, or take back what is unused."""
        content = self.asked(DecideOverturnedSerializer)
        content["state"] = OverturnedState(content["state"])
        overturning.decide(overturned_id=pk, actor=self.user, at=timezone.now(), **content)
        return Response(OverturnedSerializer(self.get_queryset().get(pk=pk)).data)
