"""Automatic rules: what they say, what a draft would have done, putting it in force."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin

from compensation.admin.forms import YuanField
from compensation.models import GIVEN, Grant, Rule, RuleVersion
from compensation.rules import commands
from config.common.asked import id_in
from config.common.browsing import Counted
from config.common.errors import DomainError
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import case_or_404, needs
from feedback.admin.rule_forms import GiveInline, VersionForm
from feedback.automatic import leaving, words
from feedback.automatic.dry_run import dry_run
from feedback.cases.queries import actions_for
from feedback.models import (
    Department,
    RuleTask,
)

VIEW, CHANGE = "compensation.view_ruleversion", "compensation.change_ruleversion"
PERIODS = (7, 30, 90)


@admin.register(RuleVersion)
class RuleVersionAdmin(ModelAdmin):
    """Drafts, to be changed; what was published is only to be read."""

    form = VersionForm
    inlines = (GiveInline,)
    list_display = ("__str__", "trigger", "published_at", "published_by", "retired_at")
    list_select_related = ("rule", "published_by")
    list_filter = ("trigger", "rule")
    fieldsets = (
        (None, {"fields": ("trigger",)}),
        (
            pgettext_lazy("rule", "When"),
            {
                "fields": (
                    ("aspects", "gap_kinds", "causes"),
                    "severity_from",
                    ("case_kinds", "problems"),
                    ("tiers", "categories"),
                    ("amount_from_fen", "amount_up_to_fen"),
                    ("pictures_from", "within_days"),
                )
            },
        ),
        (
            pgettext_lazy("rule", "Then"),
            {
                "fields": (
                    ("opens_case", "department", "priority"),
                    ("once_an_order", "tells_member", "asks_person"),
                )
            },
        ),
    )

    in_words = (
        (
            None,
            {
                "fields": (
                    "rule", "trigger", "conditions", "outcomes", "published_at", "published_by", "retired_at",
                )
            },
        ),
    )  # fmt: skip
    readonly_fields = ("conditions", "outcomes")

    def get_fieldsets(self, request: HttpRequest, obj: RuleVersion | None = None) -> Any:
        """Fields for whoever changes a draft, words for whoever reads."""
        return self.fieldsets if self.has_change_permission(request, obj) else self.in_words

    def get_inlines(self, request: HttpRequest, obj: RuleVersion | None) -> Any:
        """What it gives stands in the words as well."""
        return self.inlines if self.has_change_permission(request, obj) else ()

    @admin.display(description=pgettext_lazy("rule", "When"))
    def conditions(self, version: RuleVersion) -> str:
        """What it asks for, a line each."""
        return format_html_join(mark_safe("<br>"), "{}: {}", words.conditions(version))

    @admin.display(description=pgettext_lazy("rule", "Then"))
    def outcomes(self, version: RuleVersion) -> str:
        """What it does, a line each."""
        said = [(one,) for one in words.outcomes(version)]
        return format_html_join(mark_safe("<br>"), "{}", said) or "—"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Amounts in yuan."""
        if db_field.name in {"amount_from_fen", "amount_up_to_fen"}:
            label = (
                gettext_lazy("order from (yuan)")
                if db_field.name == "amount_from_fen"
                else gettext_lazy("order up to (yuan)")
            )
            return YuanField(label=label, required=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's
        """A draft is begun on the rule's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: RuleVersion | None = None) -> bool:
        """Only drafts change."""
        may: bool = super().has_change_permission(request, obj)
        return may and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """A draft is thrown away on the rule's page; what was published stays."""
        return False

    def save_model(self, request: StaffRequest, obj: RuleVersion, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep the draft with its event."""
        commands.save_draft(version=obj, actor=request.user, at=timezone.now())

    def response_change(self, request: HttpRequest, obj: RuleVersion) -> HttpResponse:
        """Back to the rule's page, where it is tried out and published."""
        if "_continue" in request.POST:
            response: HttpResponse = super().response_change(request, obj)
            return response
        return redirect("admin:rule", obj.rule_id)


@admin.register(Rule)
class RuleAdmin(Counted, ModelAdmin):
    """The rules in their order: of those that match, the first acts."""

    list_display = ("leads", "code", "position", "is_active", "said", "given", "versions")
    list_display_links = ("code",)
    list_filter = ("is_active",)
    fields = ("name", "name_en", "code", "position", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        """With what each says."""
        rows: QuerySet[Rule] = super().get_queryset(request)
        return rows.prefetch_related("versions__gives__template")

    def count(self, rows: Sequence[Rule]) -> None:
        """Add up what those of the page gave."""
        sums = (
            Grant.objects.filter(rule__rule__in=rows, status__in=GIVEN)
            .values_list("rule__rule")
            .annotate(times=Count("pk"), fen=Sum("cost_fen"))
        )
        found = {pk: (times, fen) for pk, times, fen in sums}
        for row in rows:
            row.times, row.fen = found.get(row.pk, (0, 0))  # type: ignore[attr-defined]  # for the column below

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's
        """The code is what grants and caps name."""
        return ("code",) if obj is not None else ()

    @admin.display(description=gettext_lazy("automatic rule"), ordering="name")
    def leads(self, rule: Rule) -> str:
        """Its name leads to the page where versions are made, tried out and published."""
        return format_html('<a href="{}">{}</a>', reverse("admin:rule", args=[rule.pk]), rule)

    @admin.display(description=gettext_lazy("gives"))
    def said(self, rule: Rule) -> str:
        """What the version in force gives."""
        now = _in_force(rule)
        return " · ".join(words.give_in_words(give) for give in now.gives.all()) if now else "—"

    @admin.display(description=gettext_lazy("given"))
    def given(self, rule: Rule) -> str:
        """How often, and how much."""
        return _("%(times)s × · %(sum)s") % {"times": rule.times, "sum": _yuan(rule.fen)}  # type: ignore[attr-defined]  # annotated

    @admin.display(description=gettext_lazy("versions"))
    def versions(self, rule: Rule) -> str:
        """Which one is in force, and whether there is a draft."""
        now = _in_force(rule)
        text = _("v%(number)s in force") % {"number": now.number} if now else _("not in force")
        is_drafted = any(one.is_draft for one in rule.versions.all())
        return f"{text} · {_('Draft')}" if is_drafted else text

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Grants name it; it is switched off."""
        return False

    def save_model(self, request: StaffRequest, obj: Rule, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.make(rule=obj, actor=request.user, at=timezone.now())


def _in_force(rule: Rule) -> RuleVersion | None:
    return next((one for one in rule.versions.all() if one.published_at and not one.retired_at), None)


def _yuan(fen: int | None) -> str:
    return f"¥{(fen or 0) / 100:,.2f}"


@require_GET
@needs(VIEW)
def rule(request: StaffRequest, rule_id: int) -> HttpResponse:
    """A rule: what is in force, what the draft says, and what that would have done."""
    row = get_object_or_404(Rule, pk=rule_id)
    at = timezone.now()
    versions = list(
        row.versions.select_related("published_by", "rule")
        .prefetch_related("gives__template")
        .order_by("-number")
    )
    draft = next((one for one in versions if one.is_draft), None)
    now = next((one for one in versions if one.published_at and not one.retired_at), None)
    tried = draft or now
    days = id_in(request.GET.get("days"))
    report = dry_run(tried, days=days, at=at) if tried and days in PERIODS else None
    departments = {one.code: one for one in Department.objects.all()} if report else {}
    context = {
        "rule": row,
        "sides": _sides(now, draft),
        "draft": draft,
        "now_in_force": now,
        "past": [one for one in versions if one.retired_at],
        "periods": PERIODS,
        "days": days,
        "report": report,
        "by_department": [
            (departments.get(code, code or _("none")), total)
            for code, total in sorted(report.by_department.items())
        ]
        if report
        else [],
        "may_change": request.user.has_perm(CHANGE),
        "may_rename": request.user.has_perm("compensation.change_rule"),
        "may_publish": request.user.has_perm(commands.PUBLISH),
    }
    return page(request, "feedback/rules/rule.html", context, at=at)


def _sides(now: RuleVersion | None, draft: RuleVersion | None) -> list[tuple[str, RuleVersion, Any, Any]]:
    """The version in force beside the draft, with what each asks for and does."""
    titles = ((_("In force"), now), (_("Draft"), draft))
    return [
        (title, one, words.conditions(one), words.outcomes(one)) for title, one in titles if one is not None
    ]


@require_POST
@needs(CHANGE)
def draft(request: StaffRequest, rule_id: int) -> HttpResponse:
    """Begin a draft, or go on with the one that is there."""
    get_object_or_404(Rule, pk=rule_id)
    version = commands.draft(rule_id=rule_id, actor=request.user, at=timezone.now())
    return redirect("admin:compensation_ruleversion_change", version.pk)


@require_POST
@needs(commands.PUBLISH)
def publish(request: StaffRequest, version_id: int) -> HttpResponse:
    """Put a draft in force."""
    row = get_object_or_404(RuleVersion, pk=version_id)
    try:
        commands.publish(version_id=version_id, actor=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Version %(number)s is in force.") % {"number": row.number})
    return redirect("admin:rule", row.rule_id)


@require_POST
@needs(CHANGE)
def drop(request: StaffRequest, version_id: int) -> HttpResponse:
    """Throw a draft away."""
    row = get_object_or_404(RuleVersion, pk=version_id)
    try:
        commands.drop_draft(version_id=version_id, actor=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The draft was thrown away."))
    return redirect("admin:rule", row.rule_id)


@require_POST
@needs("feedback.work_case")
def end_task(request: StaffRequest, task_id: int) -> HttpResponse:
    """Give what a rule left to a person, or say that nothing has to be given; leads back to the case."""
    case_id = RuleTask.objects.filter(pk=task_id).values_list("case", flat=True).first()
    if case_id is None:
        raise Http404
    case = case_or_404(request.user, case_id)
    at, give_id = timezone.now(), id_in(request.POST.get("give"))
    try:
        actions_for(case, request.user).check("grant")
        if give_id is None:
            leaving.dismiss(task_id=task_id, actor=request.user, at=at)
            messages.success(request, _("Noted: nothing has to be given."))
        else:
            remedy = leaving.give(task_id=task_id, give_id=give_id, actor=request.user, at=at)
            told = _("Given to %(member)s.") if remedy.grant.is_given else _("It waits for approval.")
            messages.success(request, told % {"member": remedy.grant.member})
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("admin:case", case_id)


RULE_PAGES = [
    Page("rules/<int:rule_id>/", rule, "rule"),
    Page("rules/<int:rule_id>/draft/", draft, "rule-draft"),
    Page("rule-versions/<int:version_id>/publish/", publish, "rule-publish"),
    Page("rule-versions/<int:version_id>/drop/", drop, "rule-drop"),
    Page("rule-tasks/<int:task_id>/", end_task, "rule-task"),
]
