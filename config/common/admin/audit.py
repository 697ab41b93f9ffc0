"""The event log and its seals, for reading."""

import json
from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from config.common.asked import id_in
from config.common.browsing import Browsed
from config.common.models import Event, Seal

# One index look-up for each kind, however long the log is.
KINDS = """
    WITH RECURSIVE kinds AS (
        (SELECT kind FROM common_event ORDER BY kind LIMIT 1)
        UNION ALL
        SELECT (SELECT kind FROM common_event WHERE kind > kinds.kind ORDER BY kind LIMIT 1)
        FROM kinds WHERE kinds.kind IS NOT NULL
    )
    SELECT kind FROM kinds WHERE kind IS NOT NULL
"""


class KindFilter(DropdownFilter):
    """What happened."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's
        """Give the kinds that occur."""
        with connection.cursor() as cursor:
            cursor.execute(KINDS)
            return [(kind, kind) for (kind,) in cursor.fetchall()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:  # noqa: ARG002
        """Narrow down."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


def about(text: str) -> Q:
    """The events that a search means: "case:12" by or about it, a bare number about it, else by the actor.

    Nothing where the text is none of these.
    """
    subject, _colon, number = text.strip().lower().rpartition(":")
    row = id_in(number)
    if row is None:
        return Q(actor=text.strip().lower())
    if not subject:
        return Q(subject_id=row)
    return Q(subject_type=subject, subject_id=row) | Q(actor=f"{subject}:{row}")


@admin.register(Event)
class EventAdmin(Browsed):
    """Who did what, when."""

    list_display = ["at", "kind", "actor", "subject", "details"]
    list_filter = [KindFilter]
    list_fullwidth = True
    search_fields = ["actor"]  # shows the box; get_search_results does the search
    search_help_text = _("Who or what it is about: case:12, member:3, user:7 or system")
    ordering = ["-id"]
    fields = ["at", "recorded_at", "kind", "actor", "subject", "content", "txid"]
    readonly_fields = fields

    @admin.display(description=_("about"))
    def subject(self, event: Event) -> str:
        """Name the row."""
        return f"{event.subject_type}:{event.subject_id}"

    @admin.display(description=_("details"))
    def details(self, event: Event) -> str:
        """Show the details in one line."""
        text = json.dumps(event.data, ensure_ascii=False) if event.data else ""
        return text if len(text) <= 120 else f"{text[:119]}…"  # noqa: PLR2004 - a line's length

    @admin.display(description=_("details"))
    def content(self, event: Event) -> str:
        """Show all the details."""
        return format_html("<pre>{}</pre>", json.dumps(event.data, ensure_ascii=False, indent=2))

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's
        queryset: QuerySet[Event],
        search_term: str,
    ) -> tuple[QuerySet[Event], bool]:
        """Search by index."""
        return (queryset.filter(about(search_term)) if search_term.strip() else queryset), False


@admin.register(Seal)
class SealAdmin(Browsed):
    """What the log is checked against by `manage.py verify_audit`."""

    list_display = ["sealed_at", "count", "from_txid", "upto_txid", "head"]
    ordering = ["-upto_txid"]
    fields = ["sealed_at", "count", "from_txid", "upto_txid", "head"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seal]:
        """Leave the digests where they are: they are large."""
        rows: QuerySet[Seal] = super().get_queryset(request)
        return rows.defer("digests")

    @admin.display(description=_("signature"))
    def head(self, seal: Seal) -> str:
        """Show what to note elsewhere."""
        return bytes(seal.signature).hex()
