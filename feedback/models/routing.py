"""Where cases go: rules that choose the department, and agents that are a member's own."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Tier
from config.common.bilingual import Bilingual
from feedback.models.choices import Cared
from feedback.models.conditions import Conditions
from feedback.models.org import Agent, Department, Skill, Strategy


class DepartmentRule(Conditions, Bilingual):
    """Which cases go to which department when nobody names one. The first rule that matches decides."""

    code = models.SlugField(_("code"), unique=True)
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    is_active = models.BooleanField(_("in force"), default=True)
    words = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("words"),
        default=list,
        blank=True,
        help_text=_("One of them stands in the subject or the text. None: any text."),
    )
    cares = ArrayField(
        models.CharField(max_length=8, choices=Cared),
        verbose_name=_("members who care most about"),
        default=list,
        blank=True,
        db_default=models.Value([], output_field=ArrayField(models.CharField(max_length=8))),
        help_text=_("None chosen: any. Of whom we are not sure, none."),
    )
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="rules"
    )
    skill = models.ForeignKey(
        Skill,
        models.PROTECT,
        verbose_name=_("needs the skill"),
        null=True,
        blank=True,
        related_name="+",
    )
    strategy = models.CharField(
        _("cases are given to agents"),
        max_length=16,
        choices=[one for one in Strategy.choices if one[0] != Strategy.OFF],
        blank=True,
        help_text=_("None: as the department does."),
    )

    class Meta:
        verbose_name = _("department rule")
        verbose_name_plural = _("department rules")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="departmentrule_strategy_known",
                condition=Q(strategy="") | Q(strategy__in=[Strategy.ROUND_ROBIN, Strategy.LEAST_LOADED]),
            ),
        ]


class DedicatedService(models.Model):
    """A benefit of a tier: its members have an agent of their own."""

    tier = models.OneToOneField(
        Tier, models.CASCADE, verbose_name=_("tier"), related_name="dedicated_service"
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        related_name="+",
        help_text=_("Its agents look after these members."),
    )
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("dedicated service")
        verbose_name_plural = _("dedicated services")
        ordering = ["tier__rank"]

    def __str__(self) -> str:
        return f"{self.tier} · {self.department}"


class Dedication(models.Model):
    """The agent who is a member's own. Their cover takes over when they do not work."""

    member = models.OneToOneField(Member, models.CASCADE, verbose_name=_("member"), related_name="dedication")
    agent = models.ForeignKey(Agent, models.CASCADE, verbose_name=_("agent"), related_name="dedications")
    since = models.DateTimeField(_("since"))
    by_hand = models.BooleanField(
        _("chosen by hand"), default=False, help_text=_("Stays whatever becomes of the member's tier.")
    )

    class Meta:
        verbose_name = _("dedicated agent")
        verbose_name_plural = _("dedicated agents")

    def __str__(self) -> str:
        return f"{self.member_id} · {self.agent}"


class Cover(models.Model):
    """Who stands in for a dedicated agent, in order: the first who can take a case does."""

    agent = models.ForeignKey(  # cover_once begins with it
        Agent, models.CASCADE, verbose_name=_("agent"), related_name="covers", db_index=False
    )
    cover = models.ForeignKey(Agent, models.CASCADE, verbose_name=_("cover"), related_name="covers_for")
    position = models.PositiveSmallIntegerField(_("position"), default=1, help_text=_("Lower comes first."))

    class Meta:
        verbose_name = _("cover")
        verbose_name_plural = _("covers")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(name="cover_once", fields=["agent", "cover"]),
            models.CheckConstraint(name="cover_is_another", condition=~Q(agent=F("cover"))),
        ]

    def __str__(self) -> str:
        return f"{self.agent} · {self.cover}"
