"""The pages of those who lead, and the menu that leads to them."""

from django.utils.translation import gettext_lazy as _

from config.common.registry import MenuItem, Page
from feedback.admin import approvals, board, breaches, pauses, replay

LEAD_PAGES = [
    Page("board/", board.show, "board"),
    Page("board/clocks/", board.clocks, "board_clocks"),
    Page("board/agent/<int:agent_id>/", board.agent, "board_agent"),
    Page("breaches/", breaches.breach_list, "breaches"),
    Page("breaches/note/", breaches.note, "breaches_note"),
    Page("breaches/export/<slug:kind>/", breaches.export, "breaches_export"),
    Page("clocks/<int:clock_id>/", replay.clock_replay, "clock"),
    Page("approvals/", approvals.approvals, "approvals"),
    Page("approvals/<int:grant_id>/", approvals.decide, "approval"),
    Page("approvals/<int:grant_id>/answer/", approvals.answer, "approval_answer"),
    Page("pauses/", pauses.show, "pauses"),
    Page("pauses/export/<slug:kind>/", pauses.export, "pauses_export"),
    Page("pauses/<int:pause_id>/", pauses.decide, "pause"),
]
LEAD_MENU = [
    MenuItem(_("Board"), "board", "monitoring", (board.SEES,)),
    MenuItem(_("Breaches"), "breaches", "timer_off", (board.SEES,)),
    MenuItem(_("Pauses"), "pauses", "pause_circle", (pauses.REVIEWS,), pauses.count),
    MenuItem(_("Approvals"), "approvals", "approval", (approvals.DECIDES,), approvals.count),
]
