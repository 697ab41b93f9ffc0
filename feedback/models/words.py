"""What cases and reviews can be found by: the words that were said in them."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from feedback.models.case import Case
from feedback.models.review import Review


class CaseWords(models.Model):
    """The words of a case's subject, messages and handoffs, kept by feedback.cases.wording."""

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="words")
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="casewords_words", fields=["words"])]  # cases.search

    def __str__(self) -> str:
        return str(self.case_id)


class ReviewWords(models.Model):
    """The words of a review and what lists of reviews are narrowed by, kept by feedback.voice.indexing.

    What it is narrowed by stands among the words as terms such as "stars=5", which no text can hold. A review
    that its member took back has none.
    """

    review = models.OneToOneField(Review, models.CASCADE, primary_key=True, related_name="words")
    written_at = models.DateTimeField()
    words = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(name="reviewwords_words", fields=["words"]),  # voice.search
            models.Index(name="reviewwords_newest", fields=["-written_at", "-review"]),  # voice.search
        ]

    def __str__(self) -> str:
        return str(self.review_id)
