"""Where everything is."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import JavaScriptCatalog
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.health import metrics

api = [
    path("", include("compensation.api.urls")),
    path("", include("feedback.api.urls")),
    path("", include("surveys.api.urls")),
    path("", include("kpis.api.urls")),
]

portal = [
    path("", include("compensation.portal.urls")),
    path("", include("feedback.portal.urls")),
    path("", include("surveys.portal.member_urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="portal:home")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("jsi18n/", JavaScriptCatalog.as_view(), name="javascript-catalog"),
    path("portal/", include((portal, "portal"))),
    path("api/v1/", include((api, "api"))),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("s/", include("surveys.portal.urls")),
    path("o/", include("surveys.portal.open_urls")),
    path("metrics", metrics),
]

handler400 = "config.common.error_pages.bad_request"
handler403 = "config.common.error_pages.permission_denied"
handler404 = "config.common.error_pages.not_found"
handler500 = "config.common.error_pages.server_error"
