"""The pages about who works when and who gets what, and the menu that leads to them."""

from django.utils.translation import gettext_lazy as _

from config.common.registry import MenuItem, Page
from feedback.admin import presence, roster, routing_preview

STAFFING_PAGES = [
    Page("presence/", presence.presence, "presence"),
    Page("roster/", roster.week, "roster"),
    Page("roster/bring/", roster.bring, "roster-bring"),
    Page("roster/template/<slug:kind>/", roster.template, "roster-template"),
    Page("roster/agent/<int:agent_id>/", roster.agent, "roster-agent"),
    Page("routing/", routing_preview.preview, "routing"),
]
STAFFING_MENU = [
    MenuItem(_("Roster"), "roster", "calendar_month", roster.LOOK),
    MenuItem(_("Routing"), "routing", "alt_route", (routing_preview.MAY,), group="rules"),
]
