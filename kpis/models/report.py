"""Reports: what was measured in a week, month or quarter, as it stood then; and what people say of it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.models import User
from feedback.models import Department
from kpis.models.deadline import Rung, Step


class ReportKind(models.TextChoices):
    """Which report."""

    WEEKLY = "weekly", _("weekly team report")
    MONTHLY = "monthly", _("monthly summary of feedback")
    QUARTERLY = "quarterly", _("quarterly review")


NOTED = 2_000


def of_whom(name: str) -> models.CheckConstraint:
    """Weekly reports are of a department, the others of the company."""
    return models.CheckConstraint(
        name=name,
        condition=Q(kind=ReportKind.WEEKLY, department__isnull=False)
        | Q(kind__in=[ReportKind.MONTHLY, ReportKind.QUARTERLY], department=None),
    )


class Report(models.Model):
    """One report of a period. Its content stays as it was; what changed later is marked beside it."""

    kind = models.CharField(pgettext_lazy("report", "kind"), max_length=9, choices=ReportKind)
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), null=True, related_name="+", db_index=False
    )
    first = models.DateField(_("from"))
    last = models.DateField(_("up to and with"))
    made_at = models.DateTimeField(pgettext_lazy("report", "made"))
    content = models.JSONField(
        help_text="What kpis.reports.content gathered: codes and numbers, no sentences."
    )

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            of_whom("report_of_whom"),
            models.CheckConstraint(name="report_forward", condition=Q(first__lte=F("last"))),
            models.UniqueConstraint(
                name="report_once", fields=["kind", "first", "department"], nulls_distinct=False
            ),
        ]
        indexes = [models.Index(name="report_list", fields=["-first", "-id"])]  # queries.listed

    def __str__(self) -> str:
        return f"{self.kind} {self.first}"


class ReportNote(models.Model):
    """A comment on a report, or a decision that was taken on it: whose, and until when."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="notes")
    text = models.TextField(_("text"), max_length=NOTED)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    owner = models.ForeignKey(
        User,
        models.PROTECT,
        verbose_name=pgettext_lazy("decision", "owner"),
        null=True,
        related_name="report_decisions",
    )
    due_on = models.DateField(pgettext_lazy("decision", "due"), null=True)
    warn_at = models.DateTimeField(null=True, editable=False, help_text="When its ladder is looked at.")
    done_at = models.DateTimeField(_("done"), null=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("comment or decision on a report")
        verbose_name_plural = _("comments and decisions on reports")
        constraints = [
            models.CheckConstraint(
                name="reportnote_decision_is_whole",
                condition=Q(owner=None, due_on=None) | Q(owner__isnull=False, due_on__isnull=False),
            ),
            models.CheckConstraint(
                name="reportnote_done_of_decision",
                condition=Q(done_at=None, done_by=None)
                | Q(done_at__isnull=False, done_by__isnull=False, owner__isnull=False),
            ),
        ]
        indexes = [
            models.Index(  # deadline.DEADLINE
                name="reportnote_warn", fields=["warn_at"], condition=Q(warn_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} {self.pk}"


class ReportNoteRung(Rung):
    """A rung of a decision that was fired: each once for a due day."""

    note = models.ForeignKey(ReportNote, models.CASCADE, related_name="rungs", db_index=False)

    class Meta:
        verbose_name = pgettext_lazy("report", "rung of a decision")
        verbose_name_plural = pgettext_lazy("report", "rungs of decisions")
        constraints = [
            models.CheckConstraint(name="reportnoterung_known", condition=Q(step__in=Step.values)),
            models.UniqueConstraint(name="reportnoterung_once", fields=["note", "due_on", "step"]),
        ]

    def __str__(self) -> str:
        return f"{self.note_id} {self.step}"


class ReportReader(models.Model):
    """Somebody who is told by letter when a report has been made."""

    kind = models.CharField(pgettext_lazy("report", "kind"), max_length=9, choices=ReportKind)
    department = models.ForeignKey(
        Department, models.CASCADE, verbose_name=_("department"), null=True, related_name="+", db_index=False
    )
    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("colleague"), related_name="+")

    class Meta:
        verbose_name = _("reader of reports")
        verbose_name_plural = _("readers of reports")
        constraints = [
            of_whom("reportreader_of_whom"),
            models.UniqueConstraint(
                name="reportreader_once", fields=["kind", "department", "user"], nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"
