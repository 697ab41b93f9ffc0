"""What a case can be found by: the words that were said in it."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from feedback.models.case import Case


class CaseWords(models.Model):
    """The words of a case's subject, messages and handoffs, kept by feedback.cases.wording."""

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="words")
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="casewords_words", fields=["words"])]  # cases.search

    def __str__(self) -> str:
        return str(self.case_id)
