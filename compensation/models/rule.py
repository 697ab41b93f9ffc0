"""Automatic rules: what is given when something happened, in versions that never change once published."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models.coupon import CouponTemplate
from config.common.bilingual import Bilingual


class RuleTrigger(models.TextChoices):
    """What a rule looks at."""

    GAP = "gap", _("a broken promise")
    CASE = "case", _("a new case")


class Rule(Bilingual):
    """One automatic rule. What it says, its versions say; of those that match, the first in order acts."""

    code = models.SlugField(_("code"), unique=True)
    position = models.PositiveSmallIntegerField(
        pgettext_lazy("rule", "place"), default=100, help_text=_("Lower comes first.")
    )
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("automatic rule")
        verbose_name_plural = _("automatic rules")
        ordering = ["position", "pk"]
        permissions = [("publish_rule", "Can publish automatic rules")]


def _texts(label: object, length: int = 40) -> "ArrayField[list[str], list[str]]":
    return ArrayField(
        models.CharField(max_length=length),
        verbose_name=label,  # type: ignore[arg-type]  # lazy
        default=list,
        blank=True,
        help_text=_("None: any."),
    )


class RuleVersion(models.Model):
    """What a rule says: a draft until it is published, then it never changes, only ends."""

    rule = models.ForeignKey(Rule, models.PROTECT, verbose_name=_("rule"), related_name="versions")
    code = models.SlugField(_("code"), help_text="The rule's.")
    number = models.PositiveIntegerField(_("version"))
    trigger = models.CharField(_("looks at"), max_length=8, choices=RuleTrigger)
    aspects = _texts(_("about"))
    gap_kinds = _texts(_("kind of gap"))
    causes = _texts(_("cause"))
    severity_from = models.PositiveSmallIntegerField(_("from severity"), default=1)
    case_kinds = _texts(_("kind of case"))
    problems = _texts(_("problem"))
    tiers = _texts(_("tier"))
    categories = _texts(_("product category"), 80)
    amount_from_fen = models.PositiveBigIntegerField(_("order from (fen)"), null=True, blank=True)
    amount_up_to_fen = models.PositiveBigIntegerField(_("order up to (fen)"), null=True, blank=True)
    pictures_from = models.PositiveSmallIntegerField(
        _("pictures at least"), default=0, help_text=_("That came with the case.")
    )
    within_days = models.PositiveSmallIntegerField(
        _("only for what happened in the last (days)"),
        default=30,
        help_text=_("So that an import of old orders gives nothing."),
    )
    opens_case = models.BooleanField(_("opens a case"), default=False)
    department = models.CharField(
        _("department"), max_length=40, blank=True, help_text=_("Whose case and whose budget; its code.")
    )
    priority = models.PositiveSmallIntegerField(_("priority"), default=2)
    tells_member = models.BooleanField(_("tells the member"), default=True)
    asks_person = models.BooleanField(
        _("a person chooses"),
        default=False,
        help_text=_("What it gives is offered to whoever works on the case, who chooses."),
    )
    once_an_order = models.SlugField(
        _("once an order, together with"),
        max_length=40,
        blank=True,
        default="",
        db_default="",
        db_index=False,
        help_text=_(
            "Of all rules with the same word here an order gets each kind of thing once. Empty: each time."
        ),
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    made_at = models.DateTimeField(_("made"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("published by"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True, editable=False)
    retired_at = models.DateTimeField(pgettext_lazy("rule", "until"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("version of a rule")
        verbose_name_plural = _("versions of rules")
        ordering = ["rule", "-number"]
        constraints = [
            models.UniqueConstraint(name="ruleversion_once", fields=["rule", "number"]),
            models.UniqueConstraint(
                name="ruleversion_one_in_force",
                fields=["rule"],
                condition=Q(published_at__isnull=False, retired_at__isnull=True),
            ),
            models.UniqueConstraint(
                name="ruleversion_one_draft", fields=["rule"], condition=Q(published_at__isnull=True)
            ),
            models.CheckConstraint(
                name="ruleversion_trigger_known", condition=Q(trigger__in=RuleTrigger.values)
            ),
            models.CheckConstraint(
                name="ruleversion_ends_once_published",
                condition=Q(retired_at__isnull=True) | Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="ruleversion_case_has_department", condition=Q(opens_case=False) | ~Q(department="")
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__published_at__isnull=False),
                func="""
                IF TG_OP = 'UPDATE' AND OLD.retired_at IS NULL
                    AND to_jsonb(OLD) - 'retired_at' = to_jsonb(NEW) - 'retired_at' THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'a published version of a rule does not change'
                    USING ERRCODE = 'check_violation';
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.number}"

    @property
    def is_draft(self) -> bool:
        """Whether it may still be changed."""
        return self.published_at is None


class RuleAmount(models.TextChoices):
    """How much money a rule gives."""

    NONE = "", "—"
    FIXED = "fixed", _("a fixed amount")
    PAID = "paid", _("what was paid")
    DIFFERENCE = "difference", _("the difference")


class RuleGive(models.Model):
    """One thing that a version gives."""

    version = models.ForeignKey(RuleVersion, models.CASCADE, related_name="gives", db_index=False)
    position = models.PositiveSmallIntegerField(pgettext_lazy("rule", "place"), default=1)
    kind = models.CharField(_("kind"), max_length=16)
    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), null=True, blank=True, related_name="+"
    )
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    amount = models.CharField(_("amount"), max_length=12, choices=RuleAmount, blank=True, default="")
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"), null=True, blank=True)

    class Meta:
        verbose_name = _("what a rule gives")
        verbose_name_plural = _("what a rule gives")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(name="rulegive_once", fields=["version", "position"]),
            models.CheckConstraint(
                name="rulegive_content",
                condition=Q(kind="coupon", template__isnull=False, points__isnull=True, amount="")
                | Q(kind="points", template__isnull=True, points__isnull=False, points__gt=0, amount="")
                | Q(kind="reshipment", template__isnull=True, points__isnull=True, amount="")
                | Q(kind__in=["refund", "price_difference"], template__isnull=True, points__isnull=True)
                & ~Q(amount=""),
            ),
            models.CheckConstraint(
                name="rulegive_fixed",
                condition=Q(amount=RuleAmount.FIXED, amount_fen__isnull=False)
                | ~Q(amount=RuleAmount.FIXED) & Q(amount_fen__isnull=True),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                IF EXISTS (
                    SELECT 1 FROM compensation_ruleversion v
                    WHERE v.id IN (OLD.version_id, NEW.version_id) AND v.published_at IS NOT NULL
                ) THEN
                    RAISE EXCEPTION 'a published version of a rule does not change'
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN coalesce(NEW, OLD);
                """,
            )
        ]

    def __str__(self) -> str:
        return self.kind
