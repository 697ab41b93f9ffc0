"""Which version of a questionnaire is in force, what it asks, and which there are."""

from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from surveys.models import Campaign, Invitation, Question, Response, Survey, SurveyVersion


def current(survey: Survey) -> SurveyVersion | None:
    """The version that is given out now: the newest that was published."""
    return survey.versions.filter(published_at__isnull=False).order_by("-number").first()


def questions_of(version_id: int) -> QuerySet[Question]:
    """The questions of a version in their order, with sections and choices. Two queries."""
    return (
        Question.objects.filter(version=version_id)
        .select_related("section")
        .prefetch_related("choices")
        .order_by("position", "pk")
    )


def draft_of(survey: Survey) -> SurveyVersion | None:
    """The draft of a questionnaire, where it has one."""
    return survey.versions.filter(published_at=None).first()


def listed() -> QuerySet[Survey]:
    """Questionnaires by code, each with the version in force, whether there is a draft, and who asks it."""
    versions = SurveyVersion.objects.filter(survey=OuterRef("pk"))
    newest = versions.filter(published_at__isnull=False).order_by("-number")
    asked = Question.objects.filter(version=OuterRef("current")).order_by().values("version")
    asking = Campaign.objects.filter(survey=OuterRef("pk")).order_by().values("survey")
    return Survey.objects.annotate(
        current=Subquery(newest.values("pk")[:1]),
        version=Subquery(newest.values("number")[:1]),
        published=Subquery(newest.values("published_at")[:1]),
        has_draft=Exists(versions.filter(published_at=None)),
        questions_asked=_number(asked),
        asking=_number(asking),
    ).order_by("code")


def versions_of(survey: Survey) -> QuerySet[SurveyVersion]:
    """The versions of a questionnaire, newest first, each with what it asks, of how many, and the answers."""
    of_version = {
        name: model.objects.filter(version=OuterRef("pk")).order_by().values("version")
        for name, model in (("asks", Question), ("asked", Invitation), ("answered", Response))
    }
    counts = {name: _number(rows) for name, rows in of_version.items()}
    return survey.versions.select_related("published_by").annotate(**counts).order_by("-number")


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many rows of a group there are, 0 where there are none."""
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def campaigns_of(survey: Survey) -> QuerySet[Campaign]:
    """The campaigns that ask a questionnaire."""
    return survey.campaigns.order_by("code")
