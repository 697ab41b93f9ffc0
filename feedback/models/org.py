"""Who works: departments, and staff as agents in them, with what they can do and how much at once."""

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from feedback.models.sop import Calendar


class Skill(Bilingual):
    """Something that not every agent can do, and that some cases need."""

    code = models.SlugField(_("code"), unique=True)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["code"]


class Strategy(models.TextChoices):
    """How the agent for a case is chosen among those who can take it."""

    OFF = "off", _("by hand")
    ROUND_ROBIN = "round_robin", _("in turn")
    LEAST_LOADED = "least_loaded", _("who has the least to do")


class Department(Bilingual):
    """A part of the company that works on cases. The one above takes over what this one cannot keep."""

    code = models.SlugField(_("code"), unique=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("department above"),
        null=True,
        blank=True,
        related_name="children",
    )
    calendar = models.ForeignKey(Calendar, models.PROTECT, verbose_name=_("working calendar"))
    is_active = models.BooleanField(_("takes cases"), default=True)
    takes_new = models.BooleanField(
        _("takes new cases"),
        default=False,
        help_text=_("Cases that name no department come here. One department does this."),
    )
    close_after_days = models.PositiveSmallIntegerField(
        _("closes after (days)"),
        default=7,
        help_text=_("A resolved case that the member says nothing more about is closed after this long."),
    )
    reopen_within_days = models.PositiveSmallIntegerField(
        _("members reopen within (days)"),
        default=30,
        help_text=_("How long after it was closed a member may still reopen a case."),
    )
    strategy = models.CharField(
        _("cases are given to agents"),
        max_length=16,
        choices=Strategy,
        default=Strategy.OFF,
        help_text=_("By hand: agents take their cases themselves."),
    )
    overflow_to = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("overflows to"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("This department takes the cases that nobody here could take in time."),
    )
    overflow_after = models.DurationField(
        _("overflows after"),
        null=True,
        blank=True,
        help_text=_("Hours, minutes and seconds: 0:30:00 is half an hour."),
    )
    away_after = models.DurationField(
        _("gone after"),
        default=timedelta(minutes=15),
        help_text=_("An agent who is away or offline for this long gives back what nobody is working on."),
    )
    keep_for = models.DurationField(
        _("agents keep cases for"),
        default=timedelta(hours=24),
        help_text=_("Whoever did something in a case this recently keeps it when they go."),
    )

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="department_not_above_itself", condition=Q(parent__isnull=True) | ~Q(parent=F("id"))
            ),
            models.CheckConstraint(
                name="department_new_only_if_active", condition=Q(takes_new=False) | Q(is_active=True)
            ),
            models.CheckConstraint(
                name="department_strategy_known", condition=Q(strategy__in=Strategy.values)
            ),
            models.CheckConstraint(
                name="department_overflow_whole",
                condition=Q(overflow_to__isnull=True, overflow_after__isnull=True)
                | Q(overflow_to__isnull=False, overflow_after__isnull=False, overflow_after__gt=timedelta()),
                violation_error_message=_("Say both where cases overflow to and after how long."),
            ),
            models.CheckConstraint(
                name="department_not_over_itself",
                condition=Q(overflow_to__isnull=True) | ~Q(overflow_to=F("id")),
            ),
            models.CheckConstraint(
                name="department_patient", condition=Q(away_after__gt=timedelta(), keep_for__gte=timedelta())
            ),
            models.CheckConstraint(name="department_closes_later", condition=Q(close_after_days__gte=1)),
            models.UniqueConstraint(
                name="department_one_takes_new", fields=["takes_new"], condition=Q(takes_new=True)
            ),
        ]


class Agent(models.Model):
    """A staff user who works on cases."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("account"), related_name="agent"
    )
    departments = models.ManyToManyField(
        Department, through="Membership", verbose_name=_("departments"), related_name="agents"
    )
    is_active = models.BooleanField(_("takes cases"), default=True)
    skills = models.ManyToManyField(Skill, verbose_name=_("skills"), blank=True, related_name="agents")
    languages = ArrayField(
        models.CharField(max_length=16),
        verbose_name=_("languages"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    capacity = models.PositiveSmallIntegerField(
        _("cases at once"),
        default=10,
        help_text=_("No more are given automatically; chats are counted apart. 0: none are given."),
    )
    extension = models.CharField(
        _("extension"), max_length=32, blank=True, help_text=_("By which the telephone system names them.")
    )
    chat_capacity = models.PositiveSmallIntegerField(_("chats at once"), default=3)
    calendar = models.ForeignKey(
        Calendar,
        models.PROTECT,
        verbose_name=_("personal calendar"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: works when one of the departments does."),
    )
    by_roster = models.BooleanField(
        _("works by the roster only"),
        default=False,
        help_text=_("Only the shifts on the roster count, no calendar."),
    )
    turn = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Grows with every case that is given; the lowest is next."
    )

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")

    def __str__(self) -> str:
        return str(self.user)


class Membership(models.Model):
    """An agent in a department. Its lead is told of breaches and is handed what was not kept."""

    agent = models.ForeignKey(Agent, models.CASCADE, verbose_name=_("agent"), related_name="memberships")
    department = models.ForeignKey(
        Department, models.CASCADE, verbose_name=_("department"), related_name="memberships"
    )
    is_lead = models.BooleanField(_("leads it"), default=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(name="membership_once", fields=["agent", "department"])]

    def __str__(self) -> str:
        return f"{self.agent} · {self.department}"
