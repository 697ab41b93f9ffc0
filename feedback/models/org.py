"""Who works: departments, and staff as agents in them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from feedback.models.sop import Calendar


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
