"""Writing reply templates, rules of tone and playbooks; how playbooks do; what others have to carry out."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin, TabularInline

from compensation.admin.forms import YuanField
from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.files import offered
from feedback.admin.sops import Choices, Published, Versions
from feedback.cases.queries import visible_to
from feedback.models import (
    Aspect,
    Cared,
    Case,
    CaseKind,
    Playbook,
    PlaybookRemedy,
    PlaybookStep,
    PlaybookVersion,
    RemedyRequest,
    Template,
    ToneRule,
)
from feedback.playbooks import commands, queries, report, texts
from feedback.remedies.queries import ALL_DEPARTMENTS

FIGURES = "feedback.see_board"
END = "feedback.end_remedyrequest"
DAYS = 30


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A template that can be filled in."""

    class Meta:
        model = Template
        fields = ("code", "language", "problem", "tone", "name", "body", "position", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say what may be named."""
        super().__init__(*args, **kwargs)
        if "body" in self.fields:
            known = " · ".join(f"{{{{ {name} }}}} {meaning}" for name, meaning in texts.NAMES.items())
            self.fields["body"].help_text = known

    def clean_body(self) -> str:
        """Refuse a name that is on no list."""
        body: str = self.cleaned_data["body"]
        try:
            texts.check(body)
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error
        return body


@admin.register(Template)
class TemplateAdmin(ModelAdmin):
    """Replies that are ready but for names and times."""

    form = TemplateForm
    list_display = ("name", "problem", "tone", "language", "code", "is_active")
    list_filter = ("language", "problem", "tone", "is_active")
    search_fields = ("name", "code", "body")


@admin.register(ToneRule)
class ToneRuleAdmin(ModelAdmin):
    """What a reply must hold, or must not."""

    list_display = ("code", "kind", "language", "severity", "said", "is_active")
    list_filter = ("kind", "language", "severity", "is_active")
    search_fields = ("code", "advice")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Kinds as boxes to tick."""
        if db_field.name == "kinds":
            return Choices(label=db_field.verbose_name, choices=CaseKind.choices)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("phrases"))
    def said(self, rule: ToneRule) -> str:
        """The phrases in a line."""
        return " · ".join(rule.phrases)


class StepInline(TabularInline):
    """What to do."""

    model = PlaybookStep
    extra = 0
    hide_title = True


class RemedyInline(TabularInline):
    """What to give."""

    model = PlaybookRemedy
    extra = 0
    hide_title = True

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Amounts in yuan."""
        if db_field.name == "amount_fen":
            label = _("amount (yuan)")
            return YuanField(label=label, required=False, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class PlaybookVersions(Versions):
    """Published playbooks."""

    model = PlaybookVersion


class PlaybookForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """When a playbook suggests itself."""

    kinds = Choices(label=_("kinds of case"), choices=CaseKind.choices)
    aspects = Choices(label=_("gaps"), choices=Aspect.choices)
    cares = Choices(label=_("members who care most about"), choices=Cared.choices)

    class Meta:
        model = Playbook
        fields = (
            "name", "name_en", "code", "problem", "position", "is_active", "template_code", "kinds",
            "aspects", "cares", "categories", "words",
        )  # fmt: skip

    def clean_template_code(self) -> str:
        """Refuse a template that is not there."""
        code: str = self.cleaned_data["template_code"]
        if code and not Template.objects.filter(code=code).exists():
            raise forms.ValidationError(_("There is no template with this code."))
        return code


@admin.register(Playbook)
class PlaybookAdmin(Published):
    """What to do about a kind of problem."""

    form = PlaybookForm
    list_display = ("__str__", "problem", "position", "code", "version", "is_active")
    list_filter = ("problem", "is_active")
    search_fields = ("name", "name_en", "code")
    inlines = (StepInline, RemedyInline, PlaybookVersions)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "name_en"),
                    ("code", "problem"),
                    ("position", "is_active"),
                    "template_code",
                )
            },
        ),
        (_("When it suggests itself"), {"fields": (("kinds", "aspects"), "words", "categories", "cares")}),
    )

    def save_related(self, request: StaffRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put what was saved in force; what makes no sense is kept, and is not in force."""
        admin.ModelAdmin.save_related(self, request, form, formsets, change)
        playbook: Playbook = form.instance
        try:
            version = commands.publish(playbook=playbook, actor=request.user, at=timezone.now())
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.info(request, _("Version %(number)s is in force.") % {"number": version.number})


@require_GET
@needs(FIGURES)
def figures(request: StaffRequest) -> HttpResponse:
    """How the uses of the last weeks ended."""
    at = timezone.now()
    since = at - timedelta(days=DAYS)
    rows = report.rows(visible_to(request.user), since=since, until=at)
    context = {"days": DAYS, "rows": rows, "formats": offered(request)}
    return page(request, "feedback/playbooks/figures.html", context, at=at)


@require_GET
@needs(END)
def requests(request: StaffRequest) -> HttpResponse:
    """What is to be carried out: refunds, parcels, price differences."""
    readable = visible_to(request.user)
    rows = list(queries.open_requests(within_reach(request)))
    shown = set(readable.filter(pk__in=[row.case_id for row in rows]).values_list("pk", flat=True))
    context = {"rows": [(row, row.case_id in shown) for row in rows], "formats": offered(request)}
    return page(request, "feedback/playbooks/requests.html", context)


@require_POST
@needs(END)
def end_request(request: StaffRequest, request_id: int) -> HttpResponse:
    """It was carried out, or is refused."""
    asked = RemedyRequest.objects.filter(pk=request_id, case__in=within_reach(request).values("pk"))
    if not asked.exists():
        raise PermissionDenied
    done = request.POST.get("verdict") == "done"
    try:
        commands.end_request(
            request_id=request_id,
            done=done,
            outcome=request.POST.get("outcome", ""),
            actor=request.user,
            at=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("On record as carried out.") if done else _("Refused."))
    return redirect("admin:remedy_requests")


def within_reach(request: StaffRequest) -> Any:
    """The cases whose requests this person may end: finance those of all departments."""
    return Case.objects.all() if request.user.has_perm(ALL_DEPARTMENTS) else visible_to(request.user)


PLAYBOOK_PAGES = [
    Page("playbooks/", figures, "playbook_figures"),
    Page("requests/", requests, "remedy_requests"),
    Page("requests/<int:request_id>/", end_request, "remedy_request"),
]
PLAYBOOK_MENU = [
    MenuItem(_("Playbooks"), "playbook_figures", "checklist", (FIGURES,), group="knowledge"),
    MenuItem(_("To carry out"), "remedy_requests", "local_shipping", (END,), rank=20),
]
