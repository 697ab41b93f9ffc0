"""The outbox: what waits, what was sent, and the dead letters, which can be tried again."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from config.common import outbox
from config.common.browsing import Browsed
from config.common.models import OutboxMessage, OutboxStatus
from config.common.screens import StaffRequest

OPEN = [OutboxStatus.DEAD, OutboxStatus.PENDING]
DEAD_FIRST = Case(When(status=OutboxStatus.DEAD, then=Value(0)), default=Value(1)).asc()


class StatusFilter(DropdownFilter):
    """First what is not done: dead letters, then what waits."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Give the statuses."""
        return [*OutboxStatus.choices, ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        """Name the default for what it is."""
        for choice in super().choices(changelist):
            form = choice["form"]
            form.fields[self.parameter_name].choices = [
                ("", _("dead letters and waiting")),
                *self.lookup_choices,
            ]
            yield choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> QuerySet[OutboxMessage]:  # noqa: ARG002
        """Narrow down."""
        match self.value():
            case None | "":
                return queryset.filter(status__in=OPEN)
            case "all":
                return queryset
        return queryset.filter(status=self.value())


@admin.register(OutboxMessage)
class OutboxMessageAdmin(Browsed):
    """Messages to the outside."""

    list_display = ["created_at", "kind", "recipient", "state", "attempts", "next_attempt_at", "error"]
    list_filter = [StatusFilter]
    list_fullwidth = True
    search_fields = ["key", "recipient"]
    search_help_text = _("Exact key, or recipient such as member:3 or user:7")
    actions = ["retry"]
    fields = [
        "kind", "recipient", "key", "request_id", "status", "content", "attempts", "created_at",
        "next_attempt_at", "sent_at", "last_error",
    ]  # fmt: skip
    readonly_fields = fields

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Put dead letters first where only open messages are shown; the whole table is never sorted."""
        return ["-id"] if request.GET.get(StatusFilter.parameter_name) else [DEAD_FIRST, "-id"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whoever may change messages may have them tried again."""
        return bool(request.user.has_perm("common.change_outboxmessage"))

    @action(description=_("Try the selected dead letters again"), permissions=["retry"])
    def retry(self, request: StaffRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """Have dead letters tried again."""
        ids = list(queryset.values_list("pk", flat=True))
        count = outbox.retry(ids=ids, actor=request.user, at=timezone.now())
        text = ngettext(
            "%(count)s message will be tried again.", "%(count)s messages will be tried again.", count
        )
        left = len(ids) - count
        messages.success(request, text % {"count": count})
        if left:
            text = ngettext(
                "%(count)s is no dead letter and stays as it is.",
                "%(count)s are no dead letters and stay as they are.",
                left,
            )
            messages.warning(request, text % {"count": left})

    @display(
        description=_("status"),
        label={OutboxStatus.SENT: "success", OutboxStatus.PENDING: "info", OutboxStatus.DEAD: "danger"},
    )
    def state(self, message: OutboxMessage) -> tuple[str, str]:
        """Show the status in its colour."""
        return message.status, message.get_status_display()

    @admin.display(description=_("last error"))
    def error(self, message: OutboxMessage) -> str:
        """Show the error's beginning."""
        return message.last_error[:80]

    @admin.display(description=_("content"))
    def content(self, message: OutboxMessage) -> str:
        """Show the content without its secrets."""
        shown = {
            name: "•••" if name in outbox.SECRETS and value else value
            for name, value in message.payload.items()
        }
        return format_html("<pre>{}</pre>", json.dumps(shown, ensure_ascii=False, indent=2))

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's
        queryset: QuerySet[OutboxMessage],
        search_term: str,
    ) -> tuple[QuerySet[OutboxMessage], bool]:
        """Search by key or recipient, exactly."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(key=term) | queryset.filter(recipient=term), False
