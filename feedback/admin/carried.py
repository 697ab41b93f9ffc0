"""Calls, and what came in and went out through channels outside."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from compensation.members.masking import masked_email, masked_phone
from config.common.browsing import Browsed
from config.common.errors import DomainError
from config.common.models import User
from config.common.screens import StaffRequest
from feedback.cases.queries import visible_to
from feedback.channels.email import again
from feedback.models import Call, ChannelMessage, Direction, Outcome
from feedback.models.channel import ODD

CONTACTS = "compensation.see_contacts"
HEAR = "feedback.hear_recording"
SEES_ALL = "feedback.see_all_departments"


@admin.register(Call)
class CallAdmin(Browsed):
    """Calls, the newest first."""

    list_display = (
        "began_at",
        "way",
        "caller",
        "member",
        "in_case",
        "agent",
        "waited",
        "result",
        "heard",
    )
    list_select_related = ("member", "case", "agent__user")
    list_filter = ("direction", "source")
    ordering = ("-began_at", "-id")
    fields = readonly_fields = (
        "source", "way", "caller", "line", "member", "in_case", "agent", "rang_at", "answered_at",
        "ended_at", "missed_at", "heard",
    )  # fmt: skip

    def get_queryset(self, request: StaffRequest) -> Any:
        """Those of cases that this person sees; and of none, for whom sees all."""
        rows = _told(super().get_queryset(request), request.user)
        if request.user.has_perm(SEES_ALL):
            return rows
        return rows.filter(case__in=visible_to(request.user).values("pk"))

    @admin.display(description=_("direction"))
    def way(self, call: Call) -> str:
        """Who called whom."""
        return str(_("incoming") if call.direction == Direction.IN else _("outgoing"))

    @admin.display(description=pgettext_lazy("phone", "number"))
    def caller(self, call: Call) -> str:
        """The member's number, in full for whom may see it."""
        return call.number if getattr(call, "may_see", False) else masked_phone(call.number)

    @admin.display(description=_("case"))
    def in_case(self, call: Call) -> str | SafeString:
        """Leads to the case."""
        return _link(call)

    @admin.display(description=_("waited (s)"))
    def waited(self, call: Call) -> str:
        """Seconds until somebody answered."""
        if call.rang_at is None or call.answered_at is None:
            return "—"
        return str(max(0, round((call.answered_at - call.rang_at).total_seconds())))

    @display(description=_("result"), label={"ok": "success", "bad": "danger", "open": "info"})
    def result(self, call: Call) -> tuple[str, Any]:
        """What came of it."""
        if call.answered_at is not None:
            return "ok", pgettext_lazy("call", "answered")
        return ("bad", _("missed")) if call.missed_at is not None else ("open", _("ringing"))

    @admin.display(description=_("recording"))
    def heard(self, call: Call) -> str | SafeString:
        """The recording, for those who may listen."""
        if not call.recording_url:
            return "—"
        own = call.agent is not None and call.agent.user_id == getattr(call, "reader", None)
        if not (own or getattr(call, "may_hear", False)):
            return str(_("kept"))
        return format_html(
            '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', call.recording_url, _("listen")
        )


class OutcomeFilter(DropdownFilter):
    """First what needs a look."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Give the outcomes."""
        return [*Outcome.choices, ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        """Name the default for what it is."""
        for choice in super().choices(changelist):
            choice["form"].fields[self.parameter_name].choices = [
                ("", _("needs a look")),
                *self.lookup_choices,
            ]
            yield choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[ChannelMessage]) -> Any:  # noqa: ARG002
        """Narrow down."""
        match self.value():
            case None | "":
                return queryset.filter(outcome__in=ODD)
            case "all":
                return queryset
        return queryset.filter(outcome=self.value())


@admin.register(ChannelMessage)
class ChannelMessageAdmin(Browsed):
    """Letters and messages: those that were set aside, could not be read, or did not arrive come first."""

    list_display = ("at", "channel", "direction", "who", "subject", "outcome", "reason", "in_case", "shown")
    list_select_related = ("case",)
    list_filter = (OutcomeFilter,)
    ordering = ("-id",)
    actions = ("into_case",)
    fields = readonly_fields = (
        "channel", "direction", "who", "sender_name", "subject", "at", "outcome", "reason", "in_case",
        "mailbox", "source", "shown",
    )  # fmt: skip

    def get_queryset(self, request: StaffRequest) -> Any:
        """Those of cases that this person sees, and those of none."""
        rows = _told(super().get_queryset(request), request.user)
        if request.user.has_perm(SEES_ALL):
            return rows
        mine = rows.filter(case__in=visible_to(request.user).values("pk"))
        return mine | rows.filter(case__isnull=True)

    @admin.display(description=_("from or to"))
    def who(self, row: ChannelMessage) -> str:
        """The other side's address, in full for whom may see it."""
        other = row.sender if row.direction == "in" else row.recipient
        return other if getattr(row, "may_see", False) else masked_email(other)

    @admin.display(description=_("case"))
    def in_case(self, row: ChannelMessage) -> str | SafeString:
        """Leads to the case."""
        return _link(row)

    @admin.display(description=_("original"))
    def shown(self, row: ChannelMessage) -> str | SafeString:
        """Leads to the original."""
        if not row.original:
            return "—"
        href = reverse("admin:letter", args=[row.pk])
        return format_html('<a href="{}" target="_blank" rel="noopener">{}</a>', href, _("show"))

    def has_sort_permission(self, request: HttpRequest) -> bool:
        """Whoever works on cases and sees this list."""
        return request.user.has_perm("feedback.work_case")

    @admin.action(permissions=["sort"], description=_("A person wrote it: put it into a case"))
    def into_case(self, request: StaffRequest, queryset: QuerySet[ChannelMessage]) -> None:
        """Take in what was set aside, or could not be read the first time."""
        for row_id in list(queryset.values_list("pk", flat=True)):
            try:
                row = again.take_in(row_id=row_id, actor=request.user, at=timezone.now())
            except DomainError as error:
                self.message_user(request, str(error), messages.WARNING)
            else:
                self.message_user(request, _("It is in case %(case)s now.") % {"case": row.case})

    @admin.action(permissions=["sort"], description=_("Belongs into no case: leave it aside"))
    def leave_aside(self, request: StaffRequest, queryset: QuerySet[ChannelMessage]) -> None:
        """Say that nobody need look at them again."""
        for row_id in list(queryset.values_list("pk", flat=True)):
            try:
                again.leave(row_id=row_id, actor=request.user, at=timezone.now())
            except DomainError as error:
                self.message_user(request, str(error), messages.WARNING)


def _link(row: Call | ChannelMessage) -> str | SafeString:
    if row.case is None:
        return "—"
    return format_html('<a href="{}">{}</a>', reverse("admin:case", args=[row.case.pk]), row.case.number)


def _told(rows: Any, user: User) -> Any:
    """The rows, each knowing what this person may see of it."""
    return rows.annotate(
        reader=Value(user.pk), may_see=Value(user.has_perm(CONTACTS)), may_hear=Value(user.has_perm(HEAR))
    )
