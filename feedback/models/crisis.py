"""Crises: many cases of one cause, worked on as one, from the proposal to the all-clear."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.choices import Priority
from feedback.models.conditions import Conditions
from feedback.models.crisis_watch import CrisisBy, CrisisOf, CrisisSeverity, CrisisWatch
from feedback.models.gap import GapKind
from feedback.models.org import Department
from feedback.models.playbook import Playbook
from feedback.models.voice import VoiceAspect


class CrisisStatus(models.TextChoices):
    """How far a crisis has come."""

    PROPOSED = "proposed", pgettext_lazy("crisis", "proposed")
    OPEN = "open", pgettext_lazy("crisis", "open")
    CONTAINED = "contained", pgettext_lazy("crisis", "contained")
    CLOSED = "closed", pgettext_lazy("crisis", "all clear")
    DISMISSED = "dismissed", pgettext_lazy("crisis", "dismissed")


LIVE = (CrisisStatus.OPEN, CrisisStatus.CONTAINED)
"""While cases join it and are shown as its."""
UNENDED = (CrisisStatus.PROPOSED, *LIVE)


PARTS = (
    "kinds", "channels", "priorities", "tiers", "categories", "languages", "products", "suppliers",
    "couriers", "regions", "aspects", "gap_kinds", "words",
)  # fmt: skip
"""The conditions: a case is in each list that is not empty."""


class Crisis(Conditions):
    """Many cases of one cause. Its status changes only through feedback.crises.commands.

    What it was found by (`of`, `by`, `value`) stays; the conditions say which cases belong to it.
    """

    name = models.CharField(_("name"), max_length=120)
    status = models.CharField(_("status"), max_length=12, choices=CrisisStatus, default=CrisisStatus.PROPOSED)
    severity = models.PositiveSmallIntegerField(
        _("severity"), choices=CrisisSeverity, default=CrisisSeverity.SERIOUS
    )
    watch = models.ForeignKey(
        CrisisWatch,
        models.SET_NULL,
        verbose_name=_("found by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Empty: opened by hand."),
    )
    of = models.CharField(max_length=8, choices=CrisisOf, blank=True, editable=False)
    by = models.CharField(max_length=12, choices=CrisisBy, blank=True, editable=False)
    value = models.CharField(max_length=80, blank=True, editable=False)
    evidence = models.JSONField(default=dict, blank=True, editable=False)
    seen = models.PositiveIntegerField(
        default=0, editable=False, help_text="How many were in the window, when last looked at or dismissed."
    )

    since = models.DateTimeField(_("cases since"), help_text=_("Only cases that were opened from then on."))
    products = ArrayField(models.BigIntegerField(), verbose_name=_("products"), default=list, blank=True)
    suppliers = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("suppliers"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    couriers = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("couriers"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    regions = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("regions"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    aspects = ArrayField(
        models.CharField(max_length=16, choices=VoiceAspect),
        verbose_name=_("about"),
        default=list,
        blank=True,
        help_text=_("As triage reads them."),
    )
    gap_kinds = ArrayField(
        models.CharField(max_length=16, choices=GapKind),
        verbose_name=_("kinds of gap"),
        default=list,
        blank=True,
        help_text=_("As triage reads them."),
    )
    words = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("words"),
        default=list,
        blank=True,
        help_text=_("One of them stands in the subject."),
    )

    department = models.ForeignKey(
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="crises",
        help_text=_("Its queue takes the cases that nobody works on yet."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("crisis", "in charge"),
        null=True,
        blank=True,
        related_name="+",
    )
    raises_to = models.PositiveSmallIntegerField(
        _("priority of its cases, at least"), choices=Priority, default=Priority.HIGH
    )
    answer = models.SlugField(
        _("first answer"),
        blank=True,
        help_text=_("The code of a reply template: sent once a case, in the member's language."),
    )
    playbook = models.ForeignKey(
        Playbook,
        models.PROTECT,
        verbose_name=_("playbook"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    cause = models.TextField(_("what it was"), max_length=2000, blank=True)
    lessons = models.TextField(_("what we learned"), max_length=4000, blank=True)

    began_at = models.DateTimeField(_("began"), help_text=_("When the first of its cases came."))
    proposed_at = models.DateTimeField(pgettext_lazy("crisis", "found"), null=True, blank=True)
    opened_at = models.DateTimeField(pgettext_lazy("crisis", "opened"), null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    contained_at = models.DateTimeField(pgettext_lazy("crisis", "contained"), null=True, blank=True)
    calm_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since when no more come than usual."
    )
    calm_told_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the all-clear was proposed."
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    why = models.CharField(_("why it is none"), max_length=400, blank=True)
    looked_to = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Up to when its cases were looked for."
    )
    all_clear = models.TextField(
        _("what members are told at the end"), max_length=2000, blank=True, editable=False
    )
    all_clear_en = models.TextField(max_length=2000, blank=True, editable=False)
    report = models.JSONField(
        default=dict, blank=True, editable=False, help_text="As it was at the all-clear."
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("crisis")
        verbose_name_plural = _("crises")
        permissions = [
            ("open_crisis", "Can open, dismiss and end crises"),
            ("publish_statement", "Can publish statements about crises"),
        ]
        constraints = [
            models.CheckConstraint(name="crisis_status_known", condition=Q(status__in=CrisisStatus.values)),
            models.CheckConstraint(
                name="crisis_severity_known", condition=Q(severity__in=CrisisSeverity.values)
            ),
            models.CheckConstraint(name="crisis_priority_known", condition=Q(raises_to__in=Priority.values)),
            models.CheckConstraint(
                name="crisis_proposed_is_found",
                condition=~Q(status=CrisisStatus.PROPOSED)
                | Q(proposed_at__isnull=False, opened_at__isnull=True),
            ),
            models.CheckConstraint(
                name="crisis_opened_by_somebody",
                condition=Q(status__in=[CrisisStatus.PROPOSED, CrisisStatus.DISMISSED])
                | Q(
                    opened_at__isnull=False,
                    opened_by__isnull=False,
                    owner__isnull=False,
                    department__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="crisis_contained_has_time",
                condition=~Q(status=CrisisStatus.CONTAINED) | Q(contained_at__isnull=False),
            ),
            models.CheckConstraint(
                name="crisis_ended_has_time",
                condition=Q(status__in=[str(one) for one in UNENDED], ended_at__isnull=True)
                | Q(status=CrisisStatus.CLOSED, ended_at__isnull=False)
                | Q(status=CrisisStatus.DISMISSED, ended_at__isnull=False, ended_by__isnull=False)
                & ~Q(why=""),
            ),
            models.CheckConstraint(
                name="crisis_found_by_one", condition=Q(of="", by="") | ~Q(of="") & ~Q(by="")
            ),
            models.UniqueConstraint(  # a proposal comes once, whoever looks
                name="crisis_one_unended",
                fields=["of", "by", "value"],
                condition=Q(status__in=[str(one) for one in UNENDED]) & ~Q(of=""),
            ),
        ]
        indexes = [
            models.Index(name="crisis_newest", fields=["-began_at", "-id"]),  # lists
            models.Index(  # sweeps, banners
                name="crisis_unended", fields=["id"], condition=Q(status__in=[str(one) for one in UNENDED])
            ),
            models.Index(  # crises.finding: what was said to be none
                name="crisis_spot", fields=["of", "by", "value", "-ended_at"], condition=~Q(of="")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def problem(self) -> str:
        """What batches name who has something for it already is left out of."""
        return f"crisis:{self.pk}"

    @property
    def is_live(self) -> bool:
        """Whether cases join it."""
        return self.status in LIVE
