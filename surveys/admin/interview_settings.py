"""What interviews go by: the code book of themes, guides, terms, shares of segments."""

from typing import Any

from django.contrib import admin
from django.http import HttpResponse
from django.views.decorators.http import require_GET
from unfold.admin import ModelAdmin

from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from surveys.admin.interview_times import VIEW
from surveys.interviews import queries
from surveys.models import InterviewGuide, InterviewQuota, InterviewTerms, Theme


@require_GET
@needs(VIEW)
def themes(request: StaffRequest) -> HttpResponse:
    """The code book: what passages are about, and how many are."""
    context = {"rows": queries.themes(), "may_add": request.user.has_perm("surveys.add_theme")}
    return page(request, "surveys/interviews/themes.html", context)


@admin.register(InterviewGuide)
class InterviewGuideAdmin(ModelAdmin):
    """What is asked, one question a line."""

    list_display = ["__str__", "code", "is_active"]


@admin.register(Theme)
class ThemeAdmin(ModelAdmin):
    """The code book."""

    list_display = ["__str__", "code", "about"]


@admin.register(InterviewQuota)
class InterviewQuotaAdmin(ModelAdmin):
    """How the interviews of a month are spread over segments."""

    list_display = ["position", "segment", "most"]
    list_display_links = ["segment"]
    list_select_related = ["segment"]


@admin.register(InterviewTerms)
class InterviewTermsAdmin(ModelAdmin):
    """How many, and by what weights."""

    def has_add_permission(self, request: Any) -> bool:  # noqa: ARG002 - Django's
        """There is one row."""
        return False

    def has_delete_permission(self, request: Any, obj: InterviewTerms | None = None) -> bool:  # noqa: ARG002 - Django's
        """It stays."""
        return False


THEME_PAGES = [Page("interviews/themes/", themes, "interview_themes")]
