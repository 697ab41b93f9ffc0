"""Departments and the people in them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from config.common.asked import id_in
from feedback.admin.fields import Words
from feedback.models import Agent, Cover, Department, Membership
from feedback.org.queries import may_work_in
from feedback.org.rules import above
from feedback.routing.rules import chain

MOST_PLACES = 1_000


class DepartmentForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Keeps the tree a tree."""

    class Meta:
        model = Department
        fields = "__all__"  # noqa: DJ007 - administrators edit all of it

    def clean_parent(self) -> Department | None:
        """Refuse a department above that stands below."""
        parent: Department | None = self.cleaned_data["parent"]
        if parent and self.instance.pk:
            parents = dict(Department.objects.values_list("pk", "parent_id"))
            if self.instance.pk in {parent.pk, *above(parents, parent.pk)}:
                raise forms.ValidationError(_("This department stands below the one you edit."))
        return parent

    def clean_overflow_to(self) -> Department | None:
        """Refuse departments that would send cases round in a circle."""
        target: Department | None = self.cleaned_data["overflow_to"]
        if target and self.instance.pk:
            over = dict(Department.objects.values_list("pk", "overflow_to"))
            if self.instance.pk in {target.pk, *chain({**over, self.instance.pk: None}, target.pk)}:
                raise forms.ValidationError(_("Cases would go round in a circle."))
        return target


class AgentForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """What an agent can do."""

    languages = Words(
        label=_("languages"),
        longest=16,
        help_text=_("Codes such as zh-hans, en, separated by commas. None: any."),
    )

    class Meta:
        model = Agent
        fields = (
            "user",
            "is_active",
            "skills",
            "languages",
            "capacity",
            "chat_capacity",
            "calendar",
            "by_roster",
        )

    def clean_languages(self) -> list[str]:
        """Write them as the members' are written."""
        return [one.casefold() for one in self.cleaned_data["languages"]]


class CoverFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # generic in the stubs only
    """Takes nobody who could never step in."""

    def clean(self) -> None:
        """Refuse covers who work in none of the agent's departments, and those who take no cases any more."""
        super().clean()
        places = self._places()
        for form in self.forms:
            data = getattr(form, "cleaned_data", {})
            cover: Agent | None = data.get("cover")
            if cover is None or data.get("DELETE"):
                continue
            if not (cover.is_active and cover.user.is_active):
                form.add_error("cover", _("%(agent)s takes no cases any more.") % {"agent": cover})
            elif not any(may_work_in(cover, place) for place in places):
                told = _("%(agent)s works in none of the departments of this agent.")
                form.add_error("cover", told % {"agent": cover})

    def _places(self) -> set[int]:
        """The agent's departments as the same form has them, or as they are."""
        prefix = "memberships"
        total = id_in(str(self.data.get(f"{prefix}-TOTAL_FORMS", "")))
        if total is None:
            return set(self.instance.memberships.values_list("department", flat=True))
        chosen = (
            id_in(str(self.data.get(f"{prefix}-{n}-department", "")))
            for n in range(min(total, MOST_PLACES))
            if not self.data.get(f"{prefix}-{n}-DELETE")
        )
        return {one for one in chosen if one is not None}


class CoverInline(TabularInline):
    """Who stands in for the agent with the members that are theirs."""

    model = Cover
    formset = CoverFormSet
    fk_name = "agent"
    extra = 0
    autocomplete_fields = ("cover",)
    verbose_name_plural = _("covers for their own members")


class MembershipInline(TabularInline):
    """Who works there, and who leads."""

    model = Membership
    extra = 0
    hide_title = True
    autocomplete_fields = ("agent", "department")


@admin.register(Department)
class DepartmentAdmin(ModelAdmin):
    """Departments, the one above each, and their people."""

    form = DepartmentForm
    list_display = ("__str__", "code", "parent", "calendar", "strategy", "takes_new", "is_active")
    list_select_related = ("parent", "calendar")
    search_fields = ("name", "name_en", "code")
    inlines = (MembershipInline,)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "name_en"), ("code", "parent"), "calendar", ("is_active", "takes_new"),
                    ("close_after_days", "reopen_within_days"),
                )
            },
        ),
        (
            _("Giving cases to agents"),
            {"fields": ("strategy", ("overflow_to", "overflow_after"), ("away_after", "keep_for"))},
        ),
    )  # fmt: skip

    def get_readonly_fields(self, _request: Any, obj: Department | None = None) -> tuple[str, ...]:
        """Budgets, grants, rules and shared pages name a department by its code, so that stays."""
        return ("code",) if obj is not None else ()

    def has_delete_permission(self, _request: Any, _obj: Department | None = None) -> bool:
        """Never: a department that worked on cases is put out of use."""
        return False


@admin.register(Agent)
class AgentAdmin(ModelAdmin):
    """Staff who work on cases."""

    form = AgentForm
    list_display = ("__str__", "places", "skill_names", "capacity", "chat_capacity", "is_active")
    list_filter = ("is_active", "departments", "skills")
    search_fields = ("user__name", "user__username")
    autocomplete_fields = ("user",)
    inlines = (MembershipInline, CoverInline)
    fieldsets = (
        (None, {"fields": ("user", "is_active")}),
        (_("What they can do"), {"fields": ("skills", "languages", ("capacity", "chat_capacity"))}),
        (_("When they work"), {"fields": ("calendar", "by_roster")}),
    )

    def get_queryset(self, request: Any) -> Any:
        """Fetch the names that are shown."""
        rows = super().get_queryset(request)
        return rows.select_related("user").prefetch_related("memberships__department", "skills")

    @admin.display(description=_("skills"))
    def skill_names(self, agent: Agent) -> str:
        """Name the skills."""
        return " · ".join(map(str, agent.skills.all()))

    @admin.display(description=_("departments"))
    def places(self, agent: Agent) -> str:
        """Name the departments, those led marked."""
        lead = _("lead")
        return " · ".join(
            f"{one.department} ({lead})" if one.is_lead else str(one.department)
            for one in agent.memberships.all()
        )

    def has_delete_permission(self, _request: Any, _obj: Agent | None = None) -> bool:
        """Never: an agent who worked on cases is put out of use."""
        return False
