"""The help centre and automatic answers for a member's app."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from config.common.api import describe
from config.common.errors import NotFound
from feedback.api.serializers import CHANNELS
from feedback.knowledge import answering, commands, queries
from feedback.models import AnswerGiven, AnswerOutcome, ArticleText, Audience, Channel, Language

FOUND = 20
LANGUAGE = OpenApiParameter(
    "language", OpenApiTypes.STR, enum=Language.values, description="The member's unless given."
)


class ArticleSerializer(serializers.Serializer[Any]):
    """An article in force."""

    code = serializers.CharField(source="article.code")
    topic = serializers.CharField(source="article.topic.code")
    language = serializers.ChoiceField(choices=Language.choices)
    title = serializers.CharField(source="in_force.title")
    body = serializers.CharField(
        source="in_force.body",
        help_text="Paragraphs, “- ” and “1. ” lists, “## ” headings; plain text otherwise.",
    )
    version = serializers.IntegerField(source="in_force.number")
    published_at = serializers.DateTimeField(source="in_force.published_at")


class VoteSerializer(serializers.Serializer[Any]):
    """Whether an article helped."""

    helped = serializers.BooleanField()


class AskSerializer(serializers.Serializer[Any]):
    """A question in the member's own words."""

    question = serializers.CharField(max_length=20_000, trim_whitespace=True)
    channel = serializers.ChoiceField(choices=CHANNELS, default=Channel.APP)


class AnswerSerializer(serializers.ModelSerializer[AnswerGiven]):
    """An answer that was given without a person."""

    code = serializers.CharField(source="version.article.code")
    language = serializers.CharField(source="version.language")
    title = serializers.CharField(source="version.title")
    body = serializers.CharField(source="version.body")
    confidence = serializers.FloatField(help_text="From 0 to 1.")

    class Meta:
        model = AnswerGiven
        fields = ["id", "code", "language", "title", "body", "confidence", "outcome"]


class MaybeAnswerSerializer(serializers.Serializer[Any]):
    """An answer, or none: then a person has to be asked."""

    answer = AnswerSerializer(allow_null=True)


class OutcomeSerializer(serializers.Serializer[Any]):
    """What the member says to an answer."""

    outcome = serializers.ChoiceField(choices=AnswerOutcome.choices)


class HelpView(MemberView[ArticleText]):
    """What the views of the help centre share."""

    queryset = ArticleText.objects.none()
    filter_backends = []
    pagination_class = None

    @property
    def language(self) -> str:
        """The language asked for, else the member's."""
        asked = self.request.query_params.get("language", "")
        return asked if asked in Language.values else queries.nearest(self.member.language)


class HelpArticlesView(HelpView):
    """Articles."""

    @describe(
        "Articles of the help centre",
        "help",
        ArticleSerializer(many=True),
        401,
        parameters=[
            OpenApiParameter(
                "q", OpenApiTypes.STR, description="What is asked, in people's own words; up to 20 are found."
            ),
            LANGUAGE,
        ],
        operation_id="help_articles",
    )
    def get(self, request: Request) -> Response:
        """Those that a search finds, best first; without one all, in the order of the help centre."""
        searched = request.query_params.get("q", "").replace("\0", "").strip()
        if searched:
            found = queries.find(searched, audience=Audience.MEMBER, language=self.language, limit=FOUND)
            texts = [one.text for one in found]
        else:
            topics = queries.by_topic(audience=Audience.MEMBER, language=self.language)
            texts = [text for _topic, of_one in topics for text in of_one]
        return Response(ArticleSerializer(texts, many=True).data)


class HelpArticleView(HelpView):
    """An article."""

    @describe(
        "An article of the help centre", "help", ArticleSerializer, 401, 404,
        parameters=[LANGUAGE], operation_id="help_article",
    )  # fmt: skip
    def get(self, _request: Request, code: str) -> Response:
        """In the language asked for, else in the one there is."""
        text = queries.read(code, audience=Audience.MEMBER, language=self.language)
        if text is None:
            raise NotFound
        return Response(ArticleSerializer(text).data)


class HelpVoteView(HelpView):
    """Did it help?"""

    @describe(
        "Say whether an article helped", "help", VoteSerializer, 400, 401, 404, 415,
        request=VoteSerializer, operation_id="help_vote",
    )  # fmt: skip
    def post(self, request: Request, code: str) -> Response:
        """The last word counts."""
        asked = VoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        helped = asked.validated_data["helped"]
        vote = commands.vote(code=code, helped=helped, actor=self.member, at=timezone.now())
        return Response(VoteSerializer(vote).data)


class HelpAnswersView(HelpView):
    """Automatic answers."""

    @describe(
        "Ask a question", "help", MaybeAnswerSerializer, 400, 401, 415,
        request=AskSerializer, operation_id="help_ask",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """An answer when we are sure enough that one fits, else null: then open a case."""
        asked = AskSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = answering.give(
            text=asked.validated_data["question"],
            language=self.language,
            channel=asked.validated_data["channel"],
            member=self.member,
            at=timezone.now(),
        )
        return Response({"answer": AnswerSerializer(given).data if given else None})


class HelpOutcomeView(HelpView):
    """What became of an answer."""

    @describe(
        "Say whether an answer helped", "help", AnswerSerializer, 400, 401, 404, 409, 415,
        request=OutcomeSerializer, operation_id="help_outcome",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """It helped, or a person is wanted."""
        asked = OutcomeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        outcome = AnswerOutcome(asked.validated_data["outcome"])
        given = answering.settle(answer_id=pk, outcome=outcome, actor=self.member, at=timezone.now())
        return Response(AnswerSerializer(given).data)
