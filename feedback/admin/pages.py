"""Our own pages on the admin site, and the menu that leads to them."""

from django.utils.translation import gettext_lazy as _

from config.common.registry import MenuItem, Page
from feedback.admin import (
    case_page,
    desk,
    desk_bulk,
    desk_export,
    desk_joining,
    desk_runs,
    desk_seat,
    desk_views,
    live_case,
    new_case,
)
from feedback.admin.letters import LETTER_PAGES

CASE_PAGES = [
    *LETTER_PAGES,
    Page("desk/", desk.desk, "desk"),
    Page("desk/news/", desk.poll, "desk_news"),
    Page("desk/next/", desk.take_next, "desk_next"),
    Page("desk/presence/", desk_seat.presence, "desk_presence"),
    Page("desk/view/", desk_views.edit, "desk_view"),
    Page("desk/view/<int:view_id>/delete/", desk_views.delete, "desk_view_delete"),
    Page("desk/arrange/", desk_views.arrange, "desk_arrange"),
    Page("desk/bulk/", desk_bulk.choose, "desk_bulk"),
    Page("desk/bulk/start/", desk_bulk.start, "desk_bulk_start"),
    Page("desk/bulk/<int:run_id>/", desk_bulk.go_on, "desk_bulk_run"),
    Page("desk/export/<slug:kind>/", desk_export.export, "desk_export"),
    Page("desk/runs/", desk_runs.run_list, "desk_runs"),
    Page("desk/runs/<int:run_id>/", desk_runs.run_page, "desk_run"),
    Page("case/new/", new_case.new_case, "case_new"),
    Page("case/<int:case_id>/", case_page.case_page, "case"),
    Page("case/<int:case_id>/preview/", desk.preview, "case_preview"),
    Page("case/<int:case_id>/changes/", live_case.changes, "case_changes"),
    Page("case/<int:case_id>/work/", live_case.work, "case_work"),
    Page("case/<int:case_id>/here/", live_case.here, "case_here"),
    Page("case/<int:case_id>/people/", live_case.people, "case_people"),
    Page("case/<int:case_id>/merging/", desk_joining.merge, "case_merging"),
    Page("case/<int:case_id>/splitting/", desk_joining.split, "case_splitting"),
    Page("case/<int:case_id>/<slug:name>/", case_page.act, "case_act"),
    Page("attachment/<int:attachment_id>/", case_page.attachment, "attachment"),
]
CASE_MENU = [MenuItem(_("My desk"), "desk", "inbox", (desk.WORK,), rank=100)]
