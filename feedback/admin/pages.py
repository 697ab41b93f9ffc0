"""Our own pages on the admin site, and the menu that leads to them."""

from django.utils.translation import gettext_lazy as _

from config.common.registry import MenuItem, Page
from feedback.admin import case_page, desk
from feedback.admin.letters import LETTER_PAGES

CASE_PAGES = [
    *LETTER_PAGES,
    Page("desk/", desk.desk, "desk"),
    Page("desk/news/", desk.poll, "desk_news"),
    Page("desk/next/", desk.take_next, "desk_next"),
    Page("case/<int:case_id>/", case_page.case_page, "case"),
    Page("case/<int:case_id>/preview/", desk.preview, "case_preview"),
    Page("case/<int:case_id>/version/", case_page.version, "case_version"),
    Page("case/<int:case_id>/<slug:name>/", case_page.act, "case_act"),
    Page("attachment/<int:attachment_id>/", case_page.attachment, "attachment"),
]
CASE_MENU = [MenuItem(_("My desk"), "desk", "inbox", (desk.WORK,))]
