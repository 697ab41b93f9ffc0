"""What belongs to a crisis: its cases, what was done to all of them, what they were given."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Batch
from feedback.models.bulk import BulkRun
from feedback.models.case import Case
from feedback.models.crisis import Crisis
from feedback.models.message import Message
from feedback.models.org import Department


class Joined(models.TextChoices):
    """How a case came into a crisis."""

    MATCHED = "matched", pgettext_lazy("crisis", "fits the conditions")
    BY_HAND = "by_hand", pgettext_lazy("crisis", "by hand")


class CrisisCase(models.Model):
    """A case of a crisis: in one that goes on at most. What was taken out by hand does not come back."""

    crisis = models.ForeignKey(  # crisiscase_once begins with it
        Crisis, models.CASCADE, verbose_name=_("crisis"), related_name="cases", db_index=False
    )
    case = models.ForeignKey(Case, models.CASCADE, verbose_name=_("case"), related_name="crises")
    joined = models.CharField(max_length=8, choices=Joined, default=Joined.MATCHED)
    joined_at = models.DateTimeField(pgettext_lazy("crisis", "joined"))
    is_live = models.BooleanField(default=True, help_text="In it, and it goes on.")
    left_at = models.DateTimeField(_("taken out"), null=True, blank=True)
    was_priority = models.PositiveSmallIntegerField(null=True, help_text="Before it was raised.")
    was_department = models.ForeignKey(
        Department, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    answer_due = models.BooleanField(default=False, help_text="The first answer is still to be sent.")
    answered_at = models.DateTimeField(_("answered automatically"), null=True, blank=True)
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, related_name="+", db_index=False, help_text="The first answer."
    )
    told_at = models.DateTimeField(_("told of the all-clear"), null=True, blank=True)

    class Meta:
        verbose_name = _("case of a crisis")
        verbose_name_plural = _("cases of crises")
        constraints = [
            models.UniqueConstraint(name="crisiscase_once", fields=["crisis", "case"]),
            models.UniqueConstraint(name="crisiscase_one_live", fields=["case"], condition=Q(is_live=True)),
            models.CheckConstraint(name="crisiscase_joined_known", condition=Q(joined__in=Joined.values)),
            models.CheckConstraint(
                name="crisiscase_live_is_in", condition=Q(is_live=False) | Q(left_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(  # crises.answering: what is still to be answered
                name="crisiscase_to_answer", fields=["crisis", "id"], condition=Q(answer_due=True)
            ),
            models.Index(  # crises.clearing: who is still to be told
                name="crisiscase_to_tell", fields=["crisis", "id"], condition=Q(told_at=None, left_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.crisis_id}: {self.case_id}"


class CrisisRun(models.Model):
    """An answer to all cases of a crisis, or their resolving: a bulk run that workers carry on."""

    crisis = models.ForeignKey(Crisis, models.CASCADE, verbose_name=_("crisis"), related_name="runs")
    run = models.OneToOneField(BulkRun, models.CASCADE, related_name="crisis")
    is_done = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                name="crisisrun_going", fields=["id"], condition=Q(is_done=False)
            )  # crises.answering
        ]

    def __str__(self) -> str:
        return f"{self.crisis_id}: {self.run_id}"


class CrisisBatch(models.Model):
    """A batch that makes good what a crisis did; the later ones are for those who joined after the first."""

    crisis = models.ForeignKey(Crisis, models.CASCADE, verbose_name=_("crisis"), related_name="batches")
    batch = models.OneToOneField(Batch, models.CASCADE, related_name="+")
    first = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="later",
        help_text="Whose terms it repeats.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="crisisbatch_not_own", condition=Q(first=None) | ~Q(first=F("id")))
        ]

    def __str__(self) -> str:
        return f"{self.crisis_id}: {self.batch_id}"
