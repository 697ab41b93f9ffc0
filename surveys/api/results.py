"""The results of campaigns, for staff: what the pages tell, as far as somebody may see it."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response as Answered

from config.common.api import describe
from config.common.asked import id_in
from config.common.errors import NotFound
from config.common.sheets import Table, export
from surveys.api.staff import StaffSurveysView
from surveys.models import Campaign, Dimension
from surveys.results import answers, breakdown, crosstab, trend
from surveys.results import export as files
from surveys.results.asking import ALL, Look, dimension_in, look, month_in, question_in, rate_of, words_of
from surveys.results.figures import Measure
from surveys.results.reach import READS, WORKS

TEXT = OpenApiTypes.STR


def _param(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, TEXT, description=description)


NARROW = [
    _param("wave", f"The number of a wave, or `{ALL}` (not of anonymous campaigns); the last one otherwise."),
    *(_param(name, f"Only of this {name}.") for name in Dimension.values if name),
]
"""Several narrow together; of anonymous campaigns stratum or channel alone."""


class SurveyRateSerializer(serializers.Serializer[Any]):
    """Who was asked, and who answered."""

    asked = serializers.IntegerField()
    bounced = serializers.IntegerField()
    delivered = serializers.IntegerField()
    answered = serializers.IntegerField()
    by_themselves = serializers.IntegerField(help_text="Answers of those whom nobody had asked.")
    share = serializers.FloatField(allow_null=True, help_text="Answered of delivered, from 0 to 1.")
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class SurveyMeasureSerializer(serializers.Serializer[Measure]):
    """A number with its 95 % interval: a share or net points from 0 or -1 to 1, or a mean."""

    name = serializers.CharField(help_text="Of what, where a question has several: a choice, or a row.")
    kind = serializers.CharField(help_text="`share`, `mean` or `net`.")
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class SurveyBarSerializer(serializers.Serializer[Any]):
    """How many gave an answer; null: withheld."""

    key = serializers.CharField()
    text = serializers.CharField(source="label")
    n = serializers.IntegerField(allow_null=True)
    share = serializers.FloatField(allow_null=True)


class SurveyToldSerializer(serializers.Serializer[Any]):
    """What is told of a question."""

    question = serializers.CharField(source="asked.name")
    kind = serializers.CharField(source="asked.kind")
    text = serializers.CharField(source="asked.text")
    n = serializers.IntegerField(allow_null=True, help_text="Null: too few to tell.")
    measures = SurveyMeasureSerializer(many=True)
    bars = SurveyBarSerializer(many=True)
    rows = serializers.SerializerMethodField(help_text="Of a matrix: by row the same.")
    kano = serializers.CharField(source="kano.category", default=None, allow_null=True)
    is_partly_hidden = serializers.BooleanField(help_text="Something would give few people away.")

    @extend_schema_field(SurveyBarSerializer(many=True))
    def get_rows(self, told: Any) -> Any:
        """The bars of all rows, each with its row."""
        return [
            {"key": bar.key, "text": row.label, "n": bar.n, "share": bar.share}
            for row in told.rows
            for bar in row.bars
        ]


class SurveyResultsSerializer(serializers.Serializer[Any]):
    """The results of a wave."""

    campaign = serializers.CharField()
    wave = serializers.CharField()
    responses = serializers.IntegerField(allow_null=True)
    rate = SurveyRateSerializer(allow_null=True)
    questions = SurveyToldSerializer(many=True)


class SurveyPointSerializer(serializers.Serializer[Any]):
    """A measure in a wave, and how it has moved since the one before."""

    wave = serializers.CharField(source="wave.label")
    measure = SurveyMeasureSerializer(allow_null=True)
    change = serializers.FloatField(source="since.value", default=None, allow_null=True)
    p = serializers.FloatField(source="since.p", default=None, allow_null=True)
    is_sure = serializers.BooleanField(help_text="Holm over all comparisons, at 5 %.")
    is_few = serializers.BooleanField()
    is_reworded = serializers.BooleanField()


class SurveyLineSerializer(serializers.Serializer[Any]):
    """A measure over the waves, the oldest first."""

    question = serializers.CharField(source="asked.name")
    name = serializers.CharField()
    points = SurveyPointSerializer(many=True)


class SurveyGroupSerializer(serializers.Serializer[Any]):
    """A group."""

    value = serializers.CharField()
    text = serializers.CharField(source="label")
    n = serializers.IntegerField(source="told.n", allow_null=True)
    measure = SurveyMeasureSerializer(allow_null=True)
    rank = serializers.IntegerField(
        allow_null=True, help_text="By the lower end of the interval; none of few."
    )
    is_few = serializers.BooleanField()
    is_sure = serializers.BooleanField(help_text="Differs from all others together (Holm).")


class SurveyCrossRowSerializer(serializers.Serializer[Any]):
    """An answer, by column."""

    text = serializers.CharField(source="label")
    counts = serializers.ListField(child=serializers.IntegerField(allow_null=True))


class SurveyCrosstabSerializer(serializers.Serializer[Any]):
    """A table; null: withheld."""

    columns = serializers.ListField(child=serializers.CharField())
    rows = SurveyCrossRowSerializer(many=True)
    method = serializers.CharField(source="test.method", default="")
    p = serializers.FloatField(source="test.p", default=None, allow_null=True)
    strength = serializers.FloatField(
        source="test.strength", default=None, allow_null=True, help_text="Cramér’s V."
    )


class SurveyWordSerializer(serializers.Serializer[Any]):
    """A word of the month's answers."""

    word = serializers.CharField()
    n = serializers.IntegerField()
    n_before = serializers.IntegerField()
    share = serializers.FloatField()
    share_before = serializers.FloatField(allow_null=True)
    is_sure = serializers.BooleanField()


class ResultsView(StaffSurveysView):
    """For whoever works cases (their own, their departments'), or reads all responses."""

    queryset = Campaign.objects.none()
    filter_backends = []
    pagination_class = None
    reads = (READS, WORKS)

    def look(self, code: str, *, whole: bool = False) -> Look:
        """What is asked for."""
        query = self.request.query_params
        return look(self.user, query, timezone.now(), whole=whole, code=code)


class StaffResultsView(ResultsView):
    """Figures."""

    @describe(
        "The results of a campaign", "staff", SurveyResultsSerializer, 403, 404,
        operation_id="staff_survey_results", parameters=NARROW,
    )  # fmt: skip
    def get(self, _request: Request, code: str) -> Answered:
        """Of a wave, question by question."""
        found = self.look(code)
        everyone = answers.everyone(found.source)
        told = {
            "campaign": found.campaign.code,
            "wave": found.wave,
            "responses": everyone.responses,
            "rate": rate_of(found),
            "questions": [everyone.told(one) for one in found.questions],
        }
        return Answered(SurveyResultsSerializer(told).data)


class StaffTrendView(ResultsView):
    """Waves."""

    @describe(
        "The waves of a campaign side by side", "staff", SurveyLineSerializer(many=True), 403, 404,
        operation_id="staff_survey_trend", parameters=NARROW[1:],
    )  # fmt: skip
    def get(self, _request: Request, code: str) -> Answered:
        """The measures of all questions over the waves."""
        return Answered(
            SurveyLineSerializer(trend.trend(self.look(code, whole=True).source).lines, many=True).data
        )


class StaffGroupsView(ResultsView):
    """Groups."""

    @describe(
        "A question by segment, agent or another dimension", "staff", SurveyGroupSerializer(many=True),
        403, 404, operation_id="staff_survey_groups",
        parameters=[*NARROW, _param("by", "The dimension."), _param("question", "Its name in the results.")],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Answered:
        """Those with a place first."""
        found = self.look(code)
        by = dimension_in(found.campaign, request.query_params.get("by", ""), Dimension.SEGMENT)
        chosen = question_in(found.questions, request.query_params.get("question", ""))
        if chosen is None:
            raise NotFound
        groups = breakdown.breakdown(found.source, chosen, by).groups
        return Answered(SurveyGroupSerializer(groups, many=True).data)


class StaffCrosstabView(ResultsView):
    """Crosstab."""

    @describe(
        "A question against another, or against a dimension", "staff", SurveyCrosstabSerializer, 403, 404,
        operation_id="staff_survey_crosstab",
        parameters=[*NARROW, _param("down", "A question."), _param("across", "A question or a dimension.")],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Answered:
        """Not found where it may not be told: of anonymous answers only stratum and channel go across."""
        found = self.look(code)
        crossed = crosstab.crossed(found.questions)
        one = question_in(crossed, request.query_params.get("down", ""))
        across = request.query_params.get("across", "")
        other = answers.question_of(crossed, across)
        if one is None:
            raise NotFound
        if other is not None:
            table = crosstab.by_question(found.source, one, other)
        else:
            table = crosstab.by_dimension(found.source, one, dimension_in(found.campaign, across))
        if table is None:
            raise NotFound
        return Answered(SurveyCrosstabSerializer(table).data)


class StaffWordsView(ResultsView):
    """Words."""

    @describe(
        "What open answers speak of in a month", "staff", SurveyWordSerializer(many=True), 403, 404,
        operation_id="staff_survey_words",
        parameters=[*NARROW, _param("month", "Such as 2026-11; this month otherwise.")],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Answered:
        """Against the month before."""
        found = self.look(code, whole=True)
        told = words_of(found, month_in(request.query_params.get("month", ""), timezone.now()))
        return Answered(SurveyWordSerializer(told.words if told else (), many=True).data)


class StaffResponsesFileView(ResultsView):
    """Responses as CSV."""

    @describe(
        "The responses of a wave as CSV", "staff", OpenApiTypes.BINARY, 403, 404,
        operation_id="staff_survey_responses",
        parameters=[*NARROW, _param("part", "From 0 on, where there are more than a file holds.")],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> HttpResponseBase:
        """A row each; who may take lists out."""
        found = self.look(code)
        sheet = files.sheet(found.source, id_in(request.query_params.get("part")) or 0)
        about = {"campaign": found.campaign.code, "wave": found.wave}
        table = Table(f"survey-{found.campaign.code}", sheet.head, sheet.number, lambda: sheet.rows, about)
        return export(self.user, "csv", table, at=timezone.now())
