"""Departments and the people in them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from feedback.models import Agent, Department, Membership
from feedback.org.rules import above


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
    list_display = ("__str__", "code", "parent", "calendar", "takes_new", "is_active")
    list_select_related = ("parent", "calendar")
    search_fields = ("name", "name_en", "code")
    inlines = (MembershipInline,)

    def has_delete_permission(self, _request: Any, _obj: Department | None = None) -> bool:
        """Never: a department that worked on cases is put out of use."""
        return False


@admin.register(Agent)
class AgentAdmin(ModelAdmin):
    """Staff who work on cases."""

    list_display = ("__str__", "places", "is_active")
    list_filter = ("is_active", "departments")
    search_fields = ("user__name", "user__username")
    autocomplete_fields = ("user",)
    inlines = (MembershipInline,)

    def get_queryset(self, request: Any) -> Any:
        """Fetch the names that are shown."""
        rows = super().get_queryset(request)
        return rows.select_related("user").prefetch_related("memberships__department")

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
