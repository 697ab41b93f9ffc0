"""What a need rests on: each time that somebody spoke of it."""

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.models import User
from feedback.models import Case, Post, Review
from surveys.models.interview import Passage
from surveys.models.need import Need
from surveys.models.response import Answer

SOURCES = ("answer", "passage", "review", "post", "case")


def _only(source: str) -> Q:
    return Q(**{f"{one}__isnull": one != source for one in SOURCES})


class Evidence(models.Model):
    """One answer, passage of an interview, review, post or case that speaks of a need."""

    need = models.ForeignKey(Need, models.CASCADE, related_name="evidence", db_index=False)
    answer = models.ForeignKey(Answer, models.CASCADE, null=True, related_name="evidence")
    passage = models.ForeignKey(Passage, models.CASCADE, null=True, related_name="evidence")
    review = models.ForeignKey(Review, models.CASCADE, null=True, related_name="evidence")
    post = models.ForeignKey(Post, models.CASCADE, null=True, related_name="evidence")
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="evidence")
    said_on = models.DateField(
        pgettext_lazy("evidence", "said"), help_text="Of an anonymous answer the Monday of its week."
    )
    added_at = models.DateTimeField(_("added"))
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("evidence of a need")
        verbose_name_plural = _("evidence of needs")
        constraints = [
            models.CheckConstraint(
                name="evidence_of_one",
                condition=reduce(or_, (_only(source) for source in SOURCES)),
            ),
            *(
                models.UniqueConstraint(name=f"evidence_{source}_once", fields=["need", source])
                for source in SOURCES
            ),
        ]

    def __str__(self) -> str:
        return f"{self.need_id} {self.pk}"
