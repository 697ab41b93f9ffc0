"""The list of cases for administration: found, narrowed down and exported here, worked on their own page."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display as shown

from config.common.asked import id_in
from config.common.browsing import AT_ONCE, Browsed
from config.common.errors import DomainError
from config.common.screens import StaffRequest
from config.common.sheets import Row
from feedback.cases import commands
from feedback.cases.queries import actions_for, reads_cases, visible_to
from feedback.cases.search import search
from feedback.models import Case
from feedback.org.queries import departments_of
from feedback.remedies.rewarding import suggestion_accepted

HEAD = (
    _("number"), _("subject"), _("kind"), _("channel"), _("status"), _("priority"), _("department"),
    _("agent"), _("member"), _("tier"), _("opened"), _("first reply"), _("resolved"),
    _("How it was resolved"), _("closed"),
)  # fmt: skip


class DepartmentFilter(admin.SimpleListFilter):
    """The departments that this person sees."""

    title = _("department")
    parameter_name = "department"

    def lookups(self, request: StaffRequest, model_admin: Any) -> list[tuple[str, str]]:  # type: ignore[override]  # noqa: ARG002 - Django's
        """Offer them."""
        return [(str(one.pk), str(one)) for one in departments_of(request.user)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:  # noqa: ARG002 - Django's
        """Narrow down to the chosen one."""
        chosen = id_in(self.value())
        return queryset.filter(department=chosen) if chosen is not None else queryset


@admin.register(Case)
class CaseAdmin(Browsed):
    """Cases as rows; nothing is changed through the generic forms."""

    list_display = (
        "number_link", "subject", "kind", "shown_status", "priority", "department", "agent", "member",
        "opened_at", "next_due_at",
    )  # fmt: skip
    list_display_links = None
    list_filter = ("status", "kind", "channel", "priority", DepartmentFilter)
    list_select_related = ("department", "agent__user", "member__tier")
    search_fields = ("pk",)  # shows the field; what is found, get_search_results says
    search_help_text = _("Number, name, phone, e-mail, order, parcel")
    ordering = ("-pk",)
    actions = ("close_selected", "accept_suggestions")

    def get_queryset(self, request: StaffRequest) -> QuerySet[Case]:
        """What this person may see."""
        return visible_to(request.user)

    def get_search_results(
        self, request: StaffRequest, queryset: QuerySet[Case], search_term: str
    ) -> tuple[QuerySet[Case], bool]:
        """Find by index alone, as on the desk."""
        if search_term.strip():
            found = search(request.user, search_term).values_list("pk", flat=True)
            queryset = queryset.filter(pk__in=list(found))
        return queryset, False

    def has_view_permission(self, request: StaffRequest, obj: Case | None = None) -> bool:  # noqa: ARG002 - Django's
        """Who reads cases on their own page reads them here."""
        return reads_cases(request.user)

    def has_module_permission(self, request: StaffRequest) -> bool:
        """The same."""
        return self.has_view_permission(request)

    def has_work_permission(self, request: StaffRequest) -> bool:
        """Whether this person works on cases."""
        return request.user.has_perm("feedback.work_case")

    def has_export_permission(self, request: StaffRequest, object_id: Any = None) -> bool:
        """Taking many cases away is for those who lead, not for everybody who may read one."""
        return super().has_export_permission(request, object_id) and request.user.has_perm(
            "feedback.see_board"
        )

    def change_view(self, _request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """A case has a page of its own."""
        case_id = id_in(object_id)
        return redirect("admin:case", case_id) if case_id else redirect("admin:feedback_case_changelist")

    def history_view(self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """The case's page tells everything that happened."""
        return self.change_view(request, object_id)

    @shown(description=_("number"), ordering="pk")
    def number_link(self, case: Case) -> SafeString:
        """Lead to the case's page."""
        return format_html('<a href="{}">{}</a>', reverse("admin:case", args=[case.pk]), case.number)

    @shown(
        description=_("status"),
        label={"new": "info", "open": "info", "reopened": "warning", "resolved": "success"},
    )
    def shown_status(self, case: Case) -> tuple[str, str]:
        """Show the status in colour and words."""
        return case.status, case.get_status_display()

    @admin.action(permissions=["work"], description=_("Close selected resolved cases"))
    def close_selected(self, request: StaffRequest, queryset: QuerySet[Case]) -> None:
        """Close each case that may be closed, and say why not the others."""
        closed, refused = 0, []
        for case in queryset.select_related("department", "agent__user", "member__tier"):
            try:
                actions_for(case, request.user).check("close_case")
                commands.close_case(case_id=case.pk, actor=request.user, at=timezone.now())
                closed += 1
            except DomainError as error:
                refused.append(f"{case.number}: {error}")
        if closed:
            text = ngettext("%(n)s case closed.", "%(n)s cases closed.", closed)
            self.message_user(request, text % {"n": closed})
        for text in refused[:10]:
            self.message_user(request, text, messages.WARNING)

    @admin.action(permissions=["work"], description=_("Accept selected suggestions: points for the members"))
    def accept_suggestions(self, request: StaffRequest, queryset: QuerySet[Case]) -> None:
        """Thank the member of each, once, and say why not the others."""
        for case in queryset.select_related("department", "agent__user", "member__tier"):
            try:
                actions_for(case, request.user).check("grant")
                suggestion_accepted(case_id=case.pk, actor=request.user, at=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{case.number}: {error}", messages.WARNING)

    def file_head(self, request: HttpRequest) -> list[str]:  # noqa: ARG002 - as every list has it
        """More than the list shows."""
        return [str(one) for one in HEAD]

    def file_rows(self, request: HttpRequest, found: QuerySet[Case]) -> Iterator[Row]:  # noqa: ARG002 - as every list has it
        """The cases by number."""
        rows = found.select_related("department", "agent__user", "member__tier").order_by("pk")
        for case in rows.iterator(AT_ONCE):
            yield (
                case.number,
                case.subject,
                case.get_kind_display(),
                case.get_channel_display(),
                case.get_status_display(),
                case.get_priority_display(),
                str(case.department),
                str(case.agent or ""),
                str(case.member),
                str(case.member.tier),
                case.opened_at,
                case.first_replied_at,
                case.resolved_at,
                case.get_resolution_display() if case.resolution else "",
                case.closed_at,
            )
