"""The admin site of the house: Unfold's, with our screens as its first pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from config.common.menu import grouped, items_of
from config.common.registry import PAGES

APP_LISTS = "_app_lists"


class HuiyinAdminSite(UnfoldAdminSite):
    """The site that staff work in all day."""

    index_title = _("Today")

    def extra_urls(self) -> list[URLPattern]:
        """Add the pages that the apps have put on the list."""
        return [path(page.path, self.admin_view(page.view), name=page.name) for page in PAGES]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """List the models that whoever asks may see, made once a request: every page asks for it twice."""
        made: dict[str | None, list[Any]] = vars(request).setdefault(APP_LISTS, {})
        if app_label not in made:
            made[app_label] = super().get_app_list(request, app_label)
        return made[app_label]

    def _build_app_dict(self, request: HttpRequest, label: str | None = None) -> dict[str, Any]:
        """Say the models' names at once: sorting them would translate each again for every comparison."""
        made: dict[str, Any] = super()._build_app_dict(request, label)
        for model in (model for app in made.values() for model in app["models"]):
            model["name"] = str(model["name"])
        return made


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Give Unfold's sidebar: the work first, then what is administered, each only to whom may see it."""
    own = {page.name for page in PAGES}
    return [
        *(
            {
                "title": title,
                "items": [
                    {"title": item.title, "icon": item.icon, "link": reverse(f"admin:{item.page}")}
                    for item in items
                ],
            }
            for title, items in grouped([item for item in items_of(request.user) if item.page in own])
        ),
        *(
            {
                "title": app["name"],
                "collapsible": True,
                "items": [
                    {"title": model["name"], "link": model["admin_url"]}
                    for model in app["models"]
                    if model["admin_url"]
                ],
            }
            for app in admin.site.get_app_list(request)
        ),
    ]
