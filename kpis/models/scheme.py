"""Schemes of appraisal: what a role is judged by, with weights, as versions from a month on."""

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.bilingual import Bilingual
from feedback.models import Department
from kpis.models.metric import MetricCode

WHOLE = 100


class Scheme(Bilingual):
    """What a role is judged by: each of its people, or a department as one."""

    code = models.SlugField(_("code"), unique=True)
    group = models.ForeignKey(
        Group,
        models.PROTECT,
        verbose_name=_("role"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Each agent with this role is judged."),
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("This department is judged as one."),
    )
    is_active = models.BooleanField(pgettext_lazy("appraisal", "in force"), default=True)

    class Meta:
        verbose_name = _("scheme of appraisal")
        verbose_name_plural = _("schemes of appraisal")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="scheme_of_people_or_a_department",
                condition=Q(group=None, department__isnull=False) | Q(group__isnull=False, department=None),
            ),
            models.UniqueConstraint(name="scheme_group", fields=["group"]),
            models.UniqueConstraint(name="scheme_department", fields=["department"]),
        ]


def _whole(version: str) -> str:
    """Refuse a version whose weights are not 100 in sum when its transaction ends."""
    return f"""
    IF EXISTS (SELECT FROM kpis_schemeversion WHERE id = {version}) AND {WHOLE} IS DISTINCT FROM
        (SELECT sum(weight) FROM kpis_schemeline WHERE version_id = {version}) THEN
        RAISE EXCEPTION 'the weights of a scheme are {WHOLE} in sum'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'scheme_whole';
    END IF;
    RETURN NULL;
    """  # noqa: S608 - our own names


def _used_stays(version: str) -> pgtrigger.Trigger:
    """Refuse to change what somebody was scored by."""
    return pgtrigger.Trigger(
        name="used_stays",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
        IF EXISTS (SELECT FROM kpis_appraisalscore WHERE version_id = OLD.{version}) THEN
            RAISE EXCEPTION 'a scheme that people were scored by stays'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'scheme_used_stays';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        """,
    )


class SchemeVersion(models.Model):
    """A scheme from a month on: a month is scored by the newest version that began by then."""

    scheme = models.ForeignKey(
        Scheme, models.PROTECT, verbose_name=_("scheme"), related_name="versions", db_index=False
    )
    since = models.DateField(_("from the month of"))
    appeal_days = models.PositiveSmallIntegerField(
        _("appeals within (days)"), default=7, help_text=_("After one was told the score.")
    )
    decide_days = models.PositiveSmallIntegerField(_("decided within (days)"), default=5)
    note = models.CharField(_("note"), max_length=500, blank=True)
    set_at = models.DateTimeField(_("set at"))
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("set by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("version of a scheme")
        verbose_name_plural = _("versions of schemes")
        constraints = [
            models.UniqueConstraint(name="schemeversion_once", fields=["scheme", "since"]),
            models.CheckConstraint(name="schemeversion_from_a_month", condition=Q(since__day=1)),
            models.CheckConstraint(
                name="schemeversion_days",
                condition=Q(appeal_days__gte=1, appeal_days__lte=90, decide_days__gte=1, decide_days__lte=90),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="whole",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func=_whole("NEW.id"),
            ),
            _used_stays("id"),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.since}"


class JudgedBy(models.TextChoices):
    """Whose figure a line goes by."""

    OWN = "own", pgettext_lazy("appraisal", "one's own")
    DEPARTMENT = "department", pgettext_lazy("appraisal", "the department's")
    COMPANY = "company", pgettext_lazy("appraisal", "the company's")
    MARK = "mark", pgettext_lazy("appraisal", "a person's mark")


class SchemeLine(Bilingual):
    """One thing that a role is judged by: a figure between floor and goal, or a mark that a person gives.

    Floor gives no points, goal and better all; between them points grow in a straight line. Which way is
    better is the figure's own. Times are kept in seconds.
    """

    version = models.ForeignKey(SchemeVersion, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    judged_by = models.CharField(_("whose figure"), max_length=10, choices=JudgedBy)
    metric = models.CharField(_("figure"), max_length=32, choices=MetricCode, blank=True)
    weight = models.PositiveSmallIntegerField(_("weight (%)"))
    floor = models.DecimalField(_("floor"), max_digits=12, decimal_places=3, null=True, blank=True)
    goal = models.DecimalField(_("goal"), max_digits=12, decimal_places=3, null=True, blank=True)
    least_n = models.PositiveIntegerField(
        _("smallest n"), default=0, help_text=_("With fewer, one is drawn towards the role's figure.")
    )
    is_satisfaction = models.BooleanField(
        _("about satisfaction"), default=False, help_text=_("Counts towards the share of satisfaction.")
    )
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("line of a scheme")
        verbose_name_plural = _("lines of schemes")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(name="schemeline_position", fields=["version", "position"]),
            models.CheckConstraint(
                name="schemeline_figure_or_mark",
                condition=Q(judged_by=JudgedBy.MARK, metric="", floor=None, goal=None, least_n=0)
                & ~Q(name="")
                | Q(
                    judged_by__in=[JudgedBy.OWN, JudgedBy.DEPARTMENT, JudgedBy.COMPANY],
                    metric__in=MetricCode.values,
                    name="",
                    name_en="",
                    floor__isnull=False,
                    goal__isnull=False,
                )
                & ~Q(floor=F("goal")),
            ),
            models.CheckConstraint(name="schemeline_weight", condition=Q(weight__gte=1, weight__lte=WHOLE)),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="whole",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                timing=pgtrigger.Deferred,
                declare=[("of_version", "bigint")],
                func="of_version := CASE TG_OP WHEN 'DELETE' THEN OLD.version_id ELSE NEW.version_id END;"
                + _whole("of_version"),
            ),
            _used_stays("version_id"),
        ]

    def __str__(self) -> str:
        return self.get_metric_display() if self.metric else super().__str__()
