"""What is done to crises and to all cases of one by API: plans, answers, resolving, the batch, lessons."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.batches.commands import Terms
from compensation.models import Batch, CouponTemplate, Product
from config.common.api import IDEMPOTENCY_KEY, describe, idempotency_key
from config.common.errors import Invalid
from config.common.models import User
from feedback.api.crises import CrisisSerializer, CrisisView, StaffCrisesView, Step
from feedback.crises import access, commands, making_good, running
from feedback.crises.commands import Plan
from feedback.desk import bulk
from feedback.models import (
    BulkRun,
    CaseKind,
    Channel,
    Crisis,
    CrisisSeverity,
    Department,
    GapKind,
    Language,
    Playbook,
    Priority,
    Resolution,
    VoiceAspect,
)

ANSWERS = (400, 403, 404, 409, 415)


def _codes(most: int = commands.ENTRY) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=most), required=False, max_length=commands.LISTED
    )


def _among(values: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ChoiceField(choices=values), required=False, max_length=commands.LISTED
    )


class ConditionsSerializer(serializers.Serializer[Any]):
    """Which cases belong to it: a case has to be in each list that is given."""

    kinds = _among(CaseKind.choices)
    channels = _among(Channel.choices)
    priorities = _among(Priority.choices)
    aspects = _among(VoiceAspect.choices)
    gap_kinds = _among(GapKind.choices)
    languages = _among(Language.choices)
    tiers = _codes()
    categories = _codes()
    suppliers = _codes()
    couriers = _codes()
    regions = _codes()
    words = _codes()
    products = _codes(64)

    def validate_products(self, numbers: list[str]) -> list[int]:
        """The products that the shop's numbers name."""
        found = dict(Product.objects.filter(external_id__in=numbers).values_list("external_id", "pk"))
        if missing := [number for number in numbers if number not in found]:
            raise serializers.ValidationError(_("There is no product %(number)s.") % {"number": missing[0]})
        return [found[number] for number in numbers]


class PlanSerializer(serializers.Serializer[Any]):
    """How a crisis is worked on."""

    name = serializers.CharField(max_length=commands.NAME)
    severity = serializers.ChoiceField(choices=CrisisSeverity.choices)
    department = serializers.SlugRelatedField(
        slug_field="code", queryset=Department.objects.filter(is_active=True)
    )
    owner = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.filter(is_active=True, is_staff=True)
    )
    since = serializers.DateTimeField()
    raises_to = serializers.ChoiceField(choices=Priority.choices, required=False, default=Priority.HIGH)
    answer = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    playbook = serializers.SlugRelatedField(
        slug_field="code", queryset=Playbook.objects.filter(is_active=True), required=False, allow_null=True
    )
    conditions = ConditionsSerializer()


class ChangedPlanSerializer(PlanSerializer):
    """Another plan, in place of the one with this version."""

    version = serializers.IntegerField(min_value=0)


class LessonsSerializer(serializers.Serializer[Any]):
    """What was learned."""

    lessons = serializers.CharField(max_length=commands.LESSONS, allow_blank=True)


class AnswerAllSerializer(serializers.Serializer[Any]):
    """What every member with an open case of it is written."""

    message = serializers.CharField(max_length=running.LENGTH)
    message_en = serializers.CharField(
        max_length=running.LENGTH, required=False, allow_blank=True, default=""
    )


class ResolveAllSerializer(AnswerAllSerializer):
    """The same, and how the cases were resolved."""

    resolution = serializers.ChoiceField(choices=Resolution.choices)


class RunSerializer(serializers.Serializer[Any]):
    """What workers carry on case by case, and how far it is."""

    id = serializers.IntegerField(source="run.pk")
    doing = serializers.CharField(source="run.action")
    at = serializers.DateTimeField(source="run.at")
    by = serializers.CharField(source="run.user")
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    left = serializers.IntegerField()
    left_out = serializers.IntegerField(source="run.left_out")
    refused = serializers.SerializerMethodField()

    def get_refused(self, found: bulk.Summary) -> list[dict[str, Any]]:
        """The cases that were refused, and why."""
        return [{"case": one.case.number, "reason": one.reason} for one in found.refused]


class RemedySerializer(serializers.Serializer[Any]):
    """What each member with a case of it is given, and why."""

    name = serializers.CharField(max_length=120)
    reason = serializers.CharField(max_length=500)
    reason_code = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    refunds = serializers.BooleanField(required=False, default=False)
    template = serializers.SlugRelatedField(
        slug_field="code", queryset=CouponTemplate.objects.filter(is_active=True), required=False,
        allow_null=True,
    )  # fmt: skip
    points = serializers.IntegerField(min_value=1, max_value=10**9, required=False, allow_null=True)
    same_reason_days = serializers.IntegerField(min_value=0, max_value=3650, required=False, default=0)
    message = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class BatchSerializer(serializers.ModelSerializer[Batch]):
    """A batch after its dry run. It is asked for and approved by two people, on its page."""

    class Meta:
        model = Batch
        fields = ["id", "name", "status", "members", "each_fen", "total_fen", "problem"]


class CrisesView(StaffCrisesView):
    """Crises, the newest first, and opening one by hand."""

    @describe(
        "Open a crisis", "staff", CrisisSerializer, *ANSWERS, status=201,
        request=PlanSerializer, operation_id="staff_crisis_begin",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """By hand."""
        access.check(self.user, "begin")
        asked = PlanSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        crisis = commands.begin(plan=Plan(**asked.validated_data), actor=self.user, at=timezone.now())
        return Response(CrisisSerializer(self.found(crisis.pk)).data, status=201)


class CrisisOpenView(Step):
    """Open what is proposed."""

    step = "open"
    asks = PlanSerializer

    @describe(
        "Open what is proposed", "staff", CrisisSerializer, *ANSWERS,
        request=PlanSerializer, operation_id="staff_crisis_open",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Of two who do, the second is told that it is open."""
        return super().post(request, pk)

    def take(self, crisis: Crisis, given: dict[str, Any], at: datetime) -> None:
        """By the plan."""
        commands.open_proposed(crisis_id=crisis.pk, plan=Plan(**given), actor=self.user, at=at)


class CrisisChangeView(Step):
    """Change the plan."""

    step = "change"
    asks = ChangedPlanSerializer

    @describe(
        "Change how a crisis is worked on", "staff", CrisisSerializer, *ANSWERS,
        request=ChangedPlanSerializer, operation_id="staff_crisis_change",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Refused where somebody changed it since `version`."""
        return super().post(request, pk)

    def take(self, crisis: Crisis, given: dict[str, Any], at: datetime) -> None:
        """By the plan."""
        version = given.pop("version")
        commands.change(crisis_id=crisis.pk, plan=Plan(**given), version=version, actor=self.user, at=at)


class CrisisLearnView(Step):
    """Lessons."""

    step = "learn"
    asks = LessonsSerializer

    @describe(
        "Write down what was learned", "staff", CrisisSerializer, *ANSWERS,
        request=LessonsSerializer, operation_id="staff_crisis_learn",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """While it goes on or afterwards."""
        return super().post(request, pk)

    def take(self, crisis: Crisis, given: dict[str, Any], at: datetime) -> None:
        """Keep them."""
        commands.learn(crisis_id=crisis.pk, actor=self.user, at=at, **given)


class _All(CrisisView):
    """The same to all its open cases."""

    filter_backends = []
    pagination_class = None
    step = ""
    asks: type[serializers.Serializer[Any]]

    def begin(self, request: Request, pk: int, doing: str) -> Response:
        """Put it down; workers carry it on."""
        crisis = self.found(pk)
        access.check(self.user, self.step, crisis)
        asked = self.asks(data=request.data)
        asked.is_valid(raise_exception=True)
        key = idempotency_key(request)
        if not key:
            raise Invalid(_("Send an Idempotency-Key: this is done to many at once."))
        content = {name: value for name, value in asked.validated_data.items() if value}
        run = running.begin(
            crisis_id=crisis.pk,
            doing=doing,
            content=content,
            key=sha256(key.encode()).hexdigest(),  # a run's key is shorter than one of a request may be
            actor=self.user,
            at=timezone.now(),
        )
        return Response(RunSerializer(bulk.summary(run)).data, status=202)


class CrisisAnswerView(_All):
    """Answer all."""

    step = "answer"
    asks = AnswerAllSerializer

    @describe(
        "Answer all open cases of a crisis", "staff", RunSerializer, *ANSWERS, 422, status=202,
        request=AnswerAllSerializer, operation_id="staff_crisis_answer", parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Each once; the same key gives the same run, so a repeated request tells how far it is."""
        return self.begin(request, pk, running.ANSWER)


class CrisisResolveView(_All):
    """Resolve all."""

    step = "resolve"
    asks = ResolveAllSerializer

    @describe(
        "Resolve all open cases of a crisis", "staff", RunSerializer, *ANSWERS, 422, status=202,
        request=ResolveAllSerializer, operation_id="staff_crisis_resolve", parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Each once; the same key gives the same run."""
        return self.begin(request, pk, running.RESOLVE)


class CrisisRunsView(CrisisView):
    """Runs."""

    filter_backends = []
    pagination_class = None

    @describe(
        "What was done to all cases of a crisis", "staff", RunSerializer(many=True), 403, 404,
        operation_id="staff_crisis_runs",
    )  # fmt: skip
    def get(self, _request: Request, pk: int) -> Response:
        """The newest first, with what was refused."""
        runs = BulkRun.objects.filter(crisis__crisis=self.found(pk)).select_related("user").order_by("-pk")
        return Response(RunSerializer([bulk.summary(run) for run in runs], many=True).data)


class CrisisMakeGoodView(CrisisView):
    """Make good."""

    filter_backends = []
    pagination_class = None

    @describe(
        "Begin a batch for the members of a crisis", "staff", BatchSerializer, *ANSWERS, status=201,
        request=RemedySerializer, operation_id="staff_crisis_make_good",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """With its dry run: nobody is given anything before somebody else has approved it."""
        crisis = self.found(pk)
        access.check(self.user, "make_good", crisis)
        asked = RemedySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        terms = Terms(**asked.validated_data)
        batch = making_good.begin(crisis_id=crisis.pk, terms=terms, actor=self.user, at=timezone.now())
        return Response(BatchSerializer(batch).data, status=201)


WORK: dict[str, type[CrisisView]] = {
    "open": CrisisOpenView,
    "change": CrisisChangeView,
    "learn": CrisisLearnView,
    "answer": CrisisAnswerView,
    "resolve": CrisisResolveView,
    "runs": CrisisRunsView,
    "make-good": CrisisMakeGoodView,
}
"""By the last part of the address."""
