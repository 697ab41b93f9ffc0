"""The pages of alerts, of what ladders ask to be approved, and of time by department."""

from django.utils.translation import gettext_lazy as _

from config.common.registry import MenuItem, Page
from feedback.admin import alerts_page, handoff_report, ladder_approvals
from feedback.ladders.approvals import DECIDES

LADDER_PAGES = [
    Page("alerts/", alerts_page.alerts, "alerts"),
    Page("alerts/seen/", alerts_page.seen, "alerts_seen"),
    Page("ladder-approvals/", ladder_approvals.approvals, "ladder_approvals"),
    Page("ladder-approvals/<int:approval_id>/", ladder_approvals.decide, "ladder_approval"),
    Page("time-by-department/", handoff_report.show, "handoff_report"),
    Page("time-by-department/export/<slug:kind>/", handoff_report.export, "handoff_report_export"),
]
LADDER_MENU = [
    MenuItem(_("Alerts"), "alerts", "notifications", alerts_page.TOLD, alerts_page.waiting, rank=95),
    MenuItem(
        _("Asked by ladders"), "ladder_approvals", "rule", (DECIDES,), ladder_approvals.waiting, group="lead"
    ),
]
