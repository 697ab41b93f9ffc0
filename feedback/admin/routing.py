"""Where cases go: skills, department rules, and members with an agent of their own."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from compensation.models import Tier
from config.common.screens import StaffRequest
from config.common.spans import work_span
from feedback.admin.fields import Words
from feedback.admin.sops import Choices
from feedback.models import (
    Cared,
    CaseKind,
    Channel,
    DedicatedService,
    Dedication,
    DepartmentRule,
    Priority,
    Skill,
)
from feedback.org import matching
from feedback.org.receiving import rules_in_order
from feedback.routing import dedicating


class DepartmentRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Which cases a rule is for."""

    kinds = Choices(label=_("kinds"), choices=CaseKind.choices)
    channels = Choices(label=_("channels"), choices=Channel.choices)
    priorities = Choices(label=_("priorities"), choices=Priority.choices, coerce=int)
    tiers = Choices(label=_("tiers"))
    cares = Choices(label=_("members who care most about"), choices=Cared.choices)
    categories = Words(
        label=_("product categories"), longest=80, help_text=_("Separated by commas; none: any.")
    )
    languages = Words(
        label=_("languages"),
        longest=16,
        help_text=_("Codes such as zh-hans, en, separated by commas. None: any."),
    )
    words = Words(
        label=_("words"),
        longest=40,
        help_text=_(
            "Separated by commas. One of them stands in the subject or the text; Latin words are found as a"
            " whole only. None: any text."
        ),
    )

    class Meta:
        model = DepartmentRule
        fields = (
            "name", "name_en", "code", "position", "is_active", "kinds", "channels", "priorities", "tiers",
            "categories", "languages", "cares", "words", "department", "skill", "strategy",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the tiers there are."""
        super().__init__(*args, **kwargs)
        self.fields["tiers"].choices = [  # type: ignore[attr-defined]  # a field of choices
            (tier.code, str(tier)) for tier in Tier.objects.all()
        ]


@admin.register(Skill)
class SkillAdmin(ModelAdmin):
    """What not everybody can do."""

    list_display = ("__str__", "code")
    search_fields = ("name", "name_en", "code")

    def has_delete_permission(self, _request: HttpRequest, _obj: Skill | None = None) -> bool:
        """Never: cases needed it."""
        return False


@admin.register(DepartmentRule)
class DepartmentRuleAdmin(ModelAdmin):
    """Which cases go to which department when nobody names one."""

    form = DepartmentRuleForm
    list_display = ("__str__", "position", "department", "skill", "asks", "is_active")
    list_select_related = ("department", "skill")
    list_filter = ("is_active", "department")
    search_fields = ("name", "name_en", "code")
    fieldsets = (
        (None, {"fields": (("name", "name_en"), ("code", "position"), "is_active")}),
        (
            _("For which cases; nothing ticked means any"),
            {
                "fields": (
                    ("kinds", "channels"), ("priorities", "tiers"), ("categories", "languages"),
                    ("words", "cares"),
                )
            },
        ),
        (_("Where they go"), {"fields": ("department", ("skill", "strategy"))}),
    )  # fmt: skip

    @admin.display(description=_("conditions"))
    def asks(self, rule: DepartmentRule) -> str:
        """Show the conditions in a line."""
        labels = {
            "kinds": dict(CaseKind.choices),
            "channels": dict(Channel.choices),
            "cares": dict(Cared.choices),
        }
        parts = [
            " / ".join(str(labels.get(plural, {}).get(value, value)) for value in getattr(rule, plural))
            for plural in ("kinds", "channels", "tiers", "categories", "languages", "cares", "words")
            if getattr(rule, plural)
        ]
        parts += [" / ".join(str(Priority(one).label) for one in rule.priorities)] if rule.priorities else []
        return " · ".join(parts)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Tell of rules that can never decide."""
        super().save_model(request, obj, form, change)
        for rule, cover in matching.shadowed(list(rules_in_order())):
            told = _("%(rule)s never decides: %(cover)s comes first and takes every such case.")
            messages.warning(request, told % {"rule": rule, "cover": cover})

    def has_delete_permission(self, _request: HttpRequest, _obj: DepartmentRule | None = None) -> bool:
        """Never: cases went by it. It is put out of force."""
        return False


@admin.register(DedicatedService)
class DedicatedServiceAdmin(ModelAdmin):
    """The tiers whose members have an agent of their own."""

    list_display = ("tier", "department", "is_active", "nobody")
    list_select_related = ("tier", "department")

    @admin.display(description=_("nobody on duty in the next seven days"))
    def nobody(self, service: DedicatedService) -> str:
        """Tell when these members have nobody: around the clock means never."""
        found = dedicating.uncovered(service, timezone.now())
        if not found:
            return str(_("always somebody there"))
        start = timezone.localtime(found[0][0])
        hours = sum((end - begin for begin, end in found), timedelta())
        told = _("%(span)s in all, first from %(start)s")
        return str(told % {"span": work_span(hours), "start": f"{start:%m-%d %H:%M}"})


@admin.register(Dedication)
class DedicationAdmin(ModelAdmin):
    """Which agent is which member's own."""

    list_display = ("member", "agent", "since", "by_hand")
    list_select_related = ("member", "agent__user")
    list_filter = ("by_hand",)
    search_fields = ("member__external_id", "member__name")
    autocomplete_fields = ("member", "agent")
    fields = ("member", "agent")
    show_full_result_count = False

    def get_readonly_fields(self, _request: HttpRequest, obj: Dedication | None = None) -> Any:
        """Another member is another row."""
        return ("member",) if obj else ()

    def save_model(self, request: StaffRequest, obj: Any, _form: Any, _change: bool) -> None:
        """Choose by hand."""
        row = dedicating.dedicate(
            member_id=obj.member_id, agent_id=obj.agent_id, actor=request.user, at=timezone.now()
        )
        obj.pk, obj.since, obj.by_hand = row.pk, row.since, row.by_hand

    def delete_model(self, request: StaffRequest, obj: Any) -> None:
        """Take the agent away."""
        dedicating.end_dedication(member_id=obj.member_id, actor=request.user, at=timezone.now())

    def delete_queryset(self, request: StaffRequest, queryset: QuerySet[Dedication]) -> None:
        """Take several away."""
        for row in queryset:
            self.delete_model(request, row)
