"""The pages of those who lead, and the menu that leads to them."""

from django.utils.translation import gettext_lazy as _

from config.common.admin.api_keys import API_KEY_MENU
from config.common.admin.history import HISTORY_MENU
from config.common.admin.retention import RETENTION_MENU
from config.common.registry import MenuItem, Page
from feedback.admin import achieved, approvals, board, board_live, breaches, pauses, quality, replay
from feedback.admin.batches import BATCH_MENU, BATCH_PAGES
from feedback.admin.finance import FINANCE_MENU, FINANCE_PAGES
from feedback.admin.list_files import LIST_PAGES
from feedback.admin.quality_drawing import DRAW_PAGES

LEAD_PAGES = [
    Page("board/", board.show, "board"),
    Page("board/wait/", board_live.wait, "board_wait"),
    Page("board/clocks/", board.clocks, "board_clocks"),
    Page("board/agent/<int:agent_id>/", board.agent, "board_agent"),
    Page("breaches/", breaches.breach_list, "breaches"),
    Page("breaches/note/", breaches.note, "breaches_note"),
    Page("breaches/export/<slug:kind>/", breaches.export, "breaches_export"),
    Page("clocks/<int:clock_id>/", replay.clock_replay, "clock"),
    Page("approvals/", approvals.approvals, "approvals"),
    Page("approvals/<int:grant_id>/", approvals.decide, "approval"),
    Page("approvals/<int:grant_id>/answer/", approvals.answer, "approval_answer"),
    Page("achieved/", achieved.show, "achieved"),
    Page("achieved/export/<slug:kind>/", achieved.export, "achieved_export"),
    Page("achieved/handoffs/<slug:kind>/", achieved.handoffs, "handoffs_export"),
    Page("achieved/<slug:name>/", achieved.rows, "achieved_rows"),
    Page("quality/", quality.show, "quality"),
    Page("quality/mine/", quality.mine, "quality_mine"),
    Page("quality/export/<slug:kind>/", quality.export, "quality_export"),
    Page("quality/coaching/<int:note_id>/", quality.follow_up, "coaching"),
    *DRAW_PAGES,
    Page("quality/<int:check_id>/", quality.check, "quality_check"),
    Page("quality/<int:check_id>/<slug:name>/", quality.act, "quality_act"),
    *LIST_PAGES,
    *BATCH_PAGES,
    *FINANCE_PAGES,
    Page("pauses/", pauses.show, "pauses"),
    Page("pauses/export/<slug:kind>/", pauses.export, "pauses_export"),
    Page("pauses/<int:pause_id>/", pauses.decide, "pause"),
]
LEAD_MENU = [
    MenuItem(_("Board"), "board", "monitoring", (board.SEES,), group="lead", rank=90),
    MenuItem(_("Breaches"), "breaches", "timer_off", (board.SEES,), group="lead", rank=50),
    MenuItem(_("Pauses"), "pauses", "pause_circle", (pauses.REVIEWS,), pauses.waiting, "lead", 30),
    MenuItem(_("Approvals"), "approvals", "approval", (approvals.DECIDES,), approvals.waiting, "lead", 70),
    MenuItem(_("Quality"), "quality", "grade", (quality.REVIEWS,), quality.waiting, "lead"),
    MenuItem(_("Team figures"), "achieved", "groups", (board.SEES,), group="lead", rank=20),
    MenuItem(_("Time by department"), "handoff_report", "timeline", (board.SEES,), group="lead"),
    MenuItem(_("My quality"), "quality_mine", "person_check", (quality.WORKS,)),
    *BATCH_MENU,
    *FINANCE_MENU,
    *HISTORY_MENU,
    *RETENTION_MENU,
    *API_KEY_MENU,
]
