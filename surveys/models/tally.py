"""Sums of answers, so that the figures of a million are read in a moment."""

import pgtrigger
from django.db import models
from django.db.models import Q

from surveys.models.questionnaire import Question
from surveys.models.response import Answer, Response
from surveys.models.wave import Wave


class Dimension(models.TextChoices):
    """What answers are told apart by. Anonymous ones are by the first three only."""

    WHOLE = "", "whole"
    STRATUM = "stratum", "stratum"
    CHANNEL = "channel", "channel"
    SEGMENT = "segment", "segment"
    TIER = "tier", "tier"
    AGENT = "agent", "agent"
    DEPARTMENT = "department", "department"
    PRODUCT = "product", "product"


class Tally(models.Model):
    """How often what was answered to a question, in a week of a wave, by one value of one dimension.

    `counts` holds, by what was answered (a score, a code of a choice, `5-1` of a Kano pair, `code:2` of a
    choice ranked second, a number to three figures, the month of a date), how many; the empty answer counts
    those who gave any. Without a question it counts responses, in row "hour" by the hour of the day and in
    "waited" by the whole hours between asking and answer. Written by `surveys.results.sums`.
    """

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="tallies", db_index=False)
    question = models.ForeignKey(
        Question, models.CASCADE, null=True, related_name="+", help_text="None: the responses themselves."
    )
    row = models.CharField(max_length=30, blank=True)
    week = models.DateField()
    dimension = models.CharField(max_length=12, choices=Dimension, blank=True)
    value = models.CharField(max_length=50, blank=True)
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="tally_once",
                fields=["wave", "dimension", "value", "question", "row", "week"],
                nulls_distinct=False,
            )
        ]
        indexes = [
            models.Index(  # results.counted.options, and how many responses there are by week
                name="tally_options",
                fields=["wave", "dimension", "value"],
                condition=Q(question=None, row=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.wave_id} {self.question_id} {self.dimension}={self.value} {self.week}"


class TallyDue(models.Model):
    """A response that is not in the sums yet. Only added; see surveys.results.sums."""

    response_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.response_id)


class TallyStale(models.Model):
    """A week of a wave that lost a response or an answer, and is summed anew. Only added by triggers."""

    wave_id = models.BigIntegerField()
    week = models.DateField()

    def __str__(self) -> str:
        return f"{self.wave_id} {self.week}"


pgtrigger.register(
    pgtrigger.Trigger(
        name="sums_without",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Delete,
        referencing=pgtrigger.Referencing(old="gone"),
        func=(
            "INSERT INTO surveys_tallystale (wave_id, week) SELECT DISTINCT wave_id, week FROM gone;"
            " RETURN NULL;"
        ),
    ),
    pgtrigger.Trigger(
        name="to_be_summed",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="fresh"),
        func="INSERT INTO surveys_tallydue (response_id) SELECT id FROM fresh; RETURN NULL;",
    ),
)(Response)

pgtrigger.register(
    pgtrigger.Trigger(
        name="sums_without",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Delete,
        referencing=pgtrigger.Referencing(old="gone"),
        func=(
            "INSERT INTO surveys_tallystale (wave_id, week) SELECT DISTINCT held.wave_id, held.week"
            " FROM gone JOIN surveys_response held ON held.id = gone.response_id; RETURN NULL;"
        ),
    )
)(Answer)
