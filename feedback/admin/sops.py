"""The SOP: calendars, ladders and policies, checked before they are saved; saving publishes a version."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelect2MultipleWidget

from compensation.models import OrderStatus, Product, Tier
from config.common.errors import DomainError
from config.common.screens import StaffRequest
from feedback.admin.calendar_form import DAYS, CalendarForm, HoursForm
from feedback.models import (
    MAY_PAUSE,
    Calendar,
    CalendarVersion,
    CaseKind,
    Channel,
    Department,
    Ladder,
    LadderVersion,
    Milestone,
    PauseRule,
    Policy,
    PolicyTarget,
    PolicyVersion,
    Priority,
    Rung,
)
from feedback.sops import commands, ladder, queries, validation

PREVIEW_DAYS = 28
DRAFT = "feedback_policy_save_as_draft"  # as Unfold names the button
"""The button that keeps a policy without putting it in force."""


class Versions(TabularInline):
    """What was published, and when."""

    extra = 0
    hide_title = True
    can_delete = False
    fields = readonly_fields = ("number", "published_at")
    ordering = ("-number",)
    tab = True

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never by hand."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: clocks run by it."""
        return False


class CalendarVersions(Versions):
    """Published calendars."""

    model = CalendarVersion


class LadderVersions(Versions):
    """Published ladders."""

    model = LadderVersion


class PolicyVersions(Versions):
    """Published policies."""

    model = PolicyVersion


class Published(ModelAdmin):
    """Something that is put in force when it is saved, and put out of use rather than deleted."""

    def save_related(self, request: StaffRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put what was saved in force, in the same transaction."""
        super().save_related(request, form, formsets, change)
        version = self.publish(request, form.instance)
        told = _("Version %(number)s is in force for clocks that start from now on.")
        messages.info(request, told % {"number": version.number})

    def publish(self, request: StaffRequest, row: Any) -> CalendarVersion | LadderVersion | PolicyVersion:
        """Put one in force."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the number of the version in force."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(in_force=Max("versions__number"))
        return rows

    @admin.display(description=_("version in force"))
    def version(self, row: Any) -> int | None:
        """Show the number of the version in force."""
        number: int | None = row.in_force
        return number

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: clocks run by it."""
        return False


@admin.register(Calendar)
class CalendarAdmin(Published):
    """When departments work."""

    form = CalendarForm
    change_form_after_template = "feedback/admin/calendar_preview.html"
    list_display = ("__str__", "code", "version")
    search_fields = ("name", "code")
    inlines = (CalendarVersions,)
    fieldsets = (
        (None, {"fields": (("name", "name_en"), "code", "zone")}),
        (_("Working hours"), {"fields": DAYS}),
        (_("Exceptions"), {"fields": ("exceptions",)}),
    )

    class Media:
        css = {"all": ["feedback/sop.css"]}

    def get_urls(self) -> list[URLPattern]:
        """Add the preview of what is being edited."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="feedback_calendar_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show the open hours of the next weeks as the form on the page says them, without saving it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = HoursForm(request.POST or None)
        days = []
        if form.is_valid():
            content = form.cleaned_data["content"]
            days = queries.preview_calendar(content, timezone.localdate(), PREVIEW_DAYS)
        return render(request, "feedback/admin/calendar_days.html", {"form": form, "days": days})

    def publish(self, request: StaffRequest, row: Calendar) -> CalendarVersion:
        """Put the calendar in force."""
        return commands.publish_calendar(calendar=row, actor=request.user, at=timezone.now())


class RungFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # generic in the stubs only
    """Checks the rungs together, as publishing will."""

    def clean(self) -> None:
        """Refuse what makes no sense together."""
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form not in self.deleted_forms]
        rows = [form.instance for form in kept if form.instance.pk or form.has_changed()]
        try:
            validation.check_rungs(ladder.read(ladder.write(rows)))
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error


class RungInline(StackedInline):
    """The rungs of a ladder: when, what, and with what."""

    model = Rung
    fields = (
        ("percent", "before", "after", "in_working_time"),
        ("action", "recipients", "department", "via"),
        ("approval", "playbook", "note"),
    )
    formset = RungFormSet
    extra = 0
    hide_title = True


@admin.register(Ladder)
class LadderAdmin(Published):
    """What happens on the way to a breach and after it."""

    list_display = ("__str__", "code", "steps", "version")
    search_fields = ("name", "code")
    inlines = (RungInline, LadderVersions)
    compressed_fields = False  # names above their fields: a rung has four in a row

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Fetch the rungs that are shown."""
        return super().get_queryset(request).prefetch_related("rungs")

    @admin.display(description=_("rungs"))
    def steps(self, row: Ladder) -> str:
        """Show when the rungs fire."""
        return " → ".join(str(rung) for rung in row.rungs.all())

    def publish(self, request: StaffRequest, row: Ladder) -> LadderVersion:
        """Put the ladder in force."""
        return commands.publish_ladder(ladder=row, actor=request.user, at=timezone.now())


class Choices(forms.TypedMultipleChoiceField):
    """Several of a closed list, as boxes to tick; none means any."""

    def __init__(self, **options: Any) -> None:
        """Tick boxes, none required."""
        super().__init__(required=False, **{"widget": UnfoldAdminCheckboxSelectMultipleWidget, **options})


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Which cases a policy is for."""

    kinds = Choices(label=_("kinds"), choices=CaseKind.choices)
    channels = Choices(label=_("channels"), choices=Channel.choices)
    priorities = Choices(label=_("priorities"), choices=Priority.choices, coerce=int)
    tiers = Choices(label=_("tiers"))
    departments = Choices(label=_("departments"))
    languages = Choices(label=_("languages"))
    order_statuses = Choices(label=_("states of the order"), choices=OrderStatus.choices)
    categories = Choices(label=_("product categories"), widget=UnfoldAdminSelect2MultipleWidget())

    class Meta:
        model = Policy
        fields = (
            "name",
            "name_en",
            "code",
            "position",
            "is_active",
            "kinds",
            "channels",
            "priorities",
            "tiers",
            "departments",
            "languages",
            "order_statuses",
            "categories",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the tiers, departments, languages and categories there are, and those that it names."""
        super().__init__(*args, **kwargs)
        categories = Product.objects.exclude(category="").order_by("category").distinct()
        known: dict[str, list[tuple[str, str]]] = {
            "tiers": [(tier.code, str(tier)) for tier in Tier.objects.all()],
            "departments": [(one.code, str(one)) for one in Department.objects.all()],
            "languages": [(code, str(name)) for code, name in settings.LANGUAGES],
            "categories": [(name, name) for name in categories.values_list("category", flat=True)],
        }
        for name, choices in known.items():
            codes = {code for code, _label in choices}
            gone = [(code, code) for code in getattr(self.instance, name) if code not in codes]
            self.fields[name].choices = choices + gone  # type: ignore[attr-defined]  # a field of choices


class TargetInline(TabularInline):
    """The targets of a policy."""

    model = PolicyTarget
    extra = 0
    hide_title = True


@admin.register(Policy)
class PolicyAdmin(Published):
    """Which cases must reach which milestones within how long."""

    form = PolicyForm
    list_display = ("__str__", "position", "code", "aims", "version", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "code")
    inlines = (TargetInline, PolicyVersions)
    fieldsets = (
        (None, {"fields": (("name", "name_en"), ("code", "position"), "is_active")}),
        (
            _("For which cases; nothing ticked means any"),
            {
                "fields": (
                    ("kinds", "channels"),
                    ("priorities", "tiers"),
                    ("departments", "order_statuses"),
                    ("languages", "categories"),
                )
            },
        ),
    )
    actions_submit_line = ("save_as_draft",)

    @action(permissions=["change"], description=_("Save as a draft"))
    def save_as_draft(self, _request: HttpRequest, _row: Policy) -> None:
        """Keep the policy without putting it in force; what to do with it, the page of drafts asks."""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Offer the draft for a new policy too; Unfold offers such buttons for rows that exist."""
        buttons = {"actions_submit_line": [self.get_unfold_action("save_as_draft")]}
        response: HttpResponse = super().add_view(request, form_url, {**buttons, **(extra_context or {})})
        return response

    def save_related(self, request: StaffRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put what was saved in force, unless it is to stay a draft."""
        if DRAFT in request.POST:
            super(Published, self).save_related(request, form, formsets, change)
            validation.check_policy(form.instance)
            messages.info(request, _("Kept as a draft. What is in force has not changed."))
        else:
            super().save_related(request, form, formsets, change)

    def response_add(self, request: HttpRequest, obj: Policy, post_url_continue: Any = None) -> Any:
        """Go to the drafts after a draft was saved."""
        drafts = redirect("admin:sop-changes")
        return drafts if DRAFT in request.POST else super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Policy) -> Any:
        """Go to the drafts after a draft was saved."""
        drafts = redirect("admin:sop-changes")
        return drafts if DRAFT in request.POST else super().response_change(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Fetch the targets that are shown."""
        return super().get_queryset(request).prefetch_related("targets")

    @admin.display(description=_("targets"))
    def aims(self, row: Policy) -> str:
        """Show the targets in a line."""
        return " · ".join(str(target) for target in row.targets.all())

    def publish(self, request: StaffRequest, row: Policy) -> PolicyVersion:
        """Put the policy in force, and tell what looks odd in them all."""
        version = commands.publish_policy(policy=row, actor=request.user, at=timezone.now())
        for warning in validation.warnings(queries.book().rules, queries.names()):
            messages.warning(request, warning)
        return version


@admin.register(PauseRule)
class PauseRuleAdmin(ModelAdmin):
    """How long clocks may stand still, and for which reasons."""

    list_display = ("__str__", "stands_still", "cap", "in_working_time", "needs_review")
    fields = ("reason", "milestones", ("cap", "in_working_time"), "needs_review")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the milestones that can stand still, as boxes to tick."""
        if db_field.name == "milestones":
            choices = [(one.value, one.label) for one in MAY_PAUSE]
            return Choices(label=db_field.verbose_name, choices=choices, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("what stands still"))
    def stands_still(self, row: PauseRule) -> str:
        """Name the milestones."""
        return " · ".join(str(Milestone(one).label) for one in row.milestones)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: without a rule there is no cap."""
        return False
