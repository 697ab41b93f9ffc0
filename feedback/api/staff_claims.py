"""Claims for members of staff: lists, what they promise, what the audit found, a text tried out, channels."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.models import Product
from config.common.api import describe
from config.common.errors import NotFound, NotPermitted
from feedback.api.claim_serializers import (
    AddValueSerializer,
    CheckedSerializer,
    CheckSerializer,
    ClaimValueSerializer,
    ComparedSerializer,
    DecideFindingSerializer,
    DecideValueSerializer,
    FindingSerializer,
    StaffClaimDetailSerializer,
    StaffClaimSerializer,
)
from feedback.api.staff_gaps import StaffView
from feedback.claims import auditing, commands, parsing, queries
from feedback.models import Claim, ClaimChannel, ClaimValue, Finding, FindingKind, FindingStatus

VIEW, CHANGE = "feedback.view_claim", "feedback.change_claim"
BACK = timedelta(days=90)
CODES = (400, 403, 404, 409, 415)


class ClaimFilter(filters.FilterSet):
    """By where and about what it is, and by what people have to do about it."""

    channel = filters.ChoiceFilter(choices=ClaimChannel.choices)
    product = filters.CharFilter(field_name="product__external_id", max_length=64)
    category = filters.CharFilter(max_length=80)
    state = filters.ChoiceFilter(
        choices=[(one, one) for one in ("now", "findings", "waiting")],
        method="standing",
        help_text="In force now; with findings to settle; with promises to confirm.",
    )

    class Meta:
        model = Claim
        fields: list[str] = []

    def standing(self, rows: QuerySet[Claim], _name: str, state: str) -> QuerySet[Claim]:
        """Those that are so."""
        match state:
            case "now":
                return queries.in_force(rows, timezone.now())
            case "findings":
                return queries.with_open_findings(rows)
        return rows.filter(pk__in=queries.suggested().values("claim"))


class FindingFilter(filters.FilterSet):
    """By what it is, what became of it, and where it was said."""

    kind = filters.ChoiceFilter(choices=FindingKind.choices)
    status = filters.MultipleChoiceFilter(choices=FindingStatus.choices, distinct=False)
    claim = filters.NumberFilter(field_name="claim_id", min_value=1)
    channel = filters.ChoiceFilter(choices=ClaimChannel.choices, field_name="claim__channel")
    product = filters.CharFilter(field_name="claim__product__external_id", max_length=64)
    gone = filters.BooleanFilter(
        field_name="gone_at",
        lookup_expr="isnull",
        exclude=True,
        help_text="Of a text or facts of before.",
    )

    class Meta:
        model = Finding
        fields: list[str] = []


class ClaimView(StaffView):
    """Claims."""

    sees, needs = VIEW, CHANGE
    queryset: QuerySet[Any] = Claim.objects.none()
    serializer_class: Any = StaffClaimSerializer

    def get_queryset(self) -> QuerySet[Any]:
        """With what each shows."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return Claim.objects.select_related("product")

    def answer(self, claim_id: int, code: int = 200) -> Response:
        """A claim as it stands now.

        Raises:
            NotFound: there is none.
        """
        rows = self.get_queryset().prefetch_related("values__decided_by", "findings__decided_by")
        found = rows.filter(pk=claim_id).first()
        if found is None:
            raise NotFound
        _count([found])
        return Response(StaffClaimDetailSerializer(found).data, status=code)


@extend_schema_view(
    get=describe("Claims of channels", "staff", StaffClaimSerializer(many=True), 400, 403, 404)
)
class StaffClaimsView(ClaimView, ListAPIView[Claim]):
    """Newest first."""

    filterset_class = ClaimFilter
    ordering_fields = ["valid_from"]
    ordering = ["-valid_from"]

    def paginate_queryset(self, queryset: Any) -> Any:
        """With what is to be done about each, counted once for the whole page."""
        shown = super().paginate_queryset(queryset) or []
        _count(shown)
        return shown


class StaffClaimView(ClaimView):
    """One claim."""

    @describe("A claim", "staff", StaffClaimDetailSerializer, 403, 404, operation_id="staff_claim_retrieve")
    def get(self, _request: Request, pk: int) -> Response:
        """With what it promises and what was found."""
        return self.answer(pk)


class StaffClaimEndView(ClaimView):
    """A claim that is made no longer."""

    @describe(
        "End a claim", "staff", StaffClaimDetailSerializer, *CODES,
        request=None, operation_id="staff_claim_end",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """Orders from now on go without it. Again changes nothing."""
        self._may()
        commands.end(claim_id=pk, actor=self.user, at=timezone.now())
        return self.answer(pk)

    def _may(self) -> None:
        if not self.user.has_perm(self.needs):
            raise NotPermitted


class StaffClaimValuesView(ClaimView):
    """Promises of a claim."""

    @describe(
        "Write down a promise of a claim", "staff", StaffClaimDetailSerializer, *CODES, status=201,
        request=AddValueSerializer, operation_id="staff_claim_add_value",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """One that the suggestions did not see; it counts at once."""
        content = self.asked(AddValueSerializer)
        commands.add_value(claim_id=pk, actor=self.user, at=timezone.now(), **content)
        return self.answer(pk, 201)


class StaffClaimValueView(ClaimView):
    """A suggestion."""

    queryset = ClaimValue.objects.none()
    serializer_class = ClaimValueSerializer

    @describe(
        "Say whether it is promised", "staff", ClaimValueSerializer, *CODES,
        request=DecideValueSerializer, operation_id="staff_claim_decide_value",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """Only what a person confirmed is a promise."""
        content = self.asked(DecideValueSerializer)
        value = commands.decide_value(value_id=pk, actor=self.user, at=timezone.now(), **content)
        return Response(ClaimValueSerializer(value).data)


class FindingView(StaffView):
    """What the audit found. Who may decide what, the command says."""

    sees = needs = VIEW
    queryset: QuerySet[Any] = Finding.objects.none()
    serializer_class: Any = FindingSerializer

    def get_queryset(self) -> QuerySet[Any]:
        """With what each shows."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return Finding.objects.select_related("claim", "decided_by")


@extend_schema_view(
    get=describe("Findings of the audit", "staff", FindingSerializer(many=True), 400, 403, 404)
)
class StaffFindingsView(FindingView, ListAPIView[Finding]):
    """Newest first; `status=open&status=accepted&gone=false` are those to settle."""

    filterset_class = FindingFilter
    ordering_fields = ["id"]
    ordering = ["-id"]


class StaffFindingView(FindingView):
    """What becomes of a finding."""

    @describe(
        "Decide a finding", "staff", FindingSerializer, *CODES,
        request=DecideFindingSerializer, operation_id="staff_finding_decide",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """To be changed, fixed, or waived for a reason; or open again. The same again changes nothing."""
        content = self.asked(DecideFindingSerializer)
        auditing.decide(finding_id=pk, actor=self.user, at=timezone.now(), **content)
        return Response(FindingSerializer(self.get_queryset().get(pk=pk)).data)


class StaffClaimCheckView(ClaimView):
    """A text before it is published."""

    serializer_class = CheckSerializer
    needs = VIEW

    @describe(
        "Try a text out", "staff", CheckedSerializer, 400, 403, 404, 415,
        request=CheckSerializer, operation_id="staff_claim_check",
    )  # fmt: skip
    def post(self, _request: Request) -> Response:
        """What would be found in it, and what it seems to promise; nothing is kept."""
        content = self.asked(CheckSerializer)
        number, text = content["product"], content["text"]
        product = Product.objects.filter(external_id=number).first() if number else None
        if number and product is None:
            raise NotFound
        about = auditing.About(product.pk if product else None, content["category"])
        found = auditing.look(text, about, auditing.terms_in_use(), timezone.now())
        told = {"findings": found, "promises": parsing.parse(text)}
        return Response(CheckedSerializer(told).data)


class StaffChannelsView(ClaimView):
    """The channels compared."""

    serializer_class = ComparedSerializer
    filter_backends = []
    pagination_class = None

    @describe(
        "Channels compared: promises, gaps, stars", "staff", ComparedSerializer(many=True), 403,
        operation_id="staff_claim_channels",
    )  # fmt: skip
    def get(self, _request: Request) -> Response:
        """Of the last 90 days."""
        until = timezone.localdate()
        rows: Any = queries.compare(since=until - BACK, until=until)
        return Response(ComparedSerializer(rows, many=True).data)


def _count(claims: list[Any]) -> None:
    """Note on each what is to be done about it."""
    counts = queries.counted(claims)
    for claim in claims:
        claim.n_findings, claim.n_promises, claim.n_suggestions = counts[claim.pk]
