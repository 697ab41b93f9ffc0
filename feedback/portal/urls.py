"""A member's cases under /portal/."""

from django.urls import path

from feedback.portal import views

urlpatterns = [
    path("cases/", views.cases, name="cases"),
    path("cases/new/", views.complain, name="complain"),
    path("cases/<int:pk>/", views.case, name="case"),
    path("cases/<int:pk>/write/", views.write, name="case-write"),
    path("cases/<int:pk>/confirm/", views.confirm, name="case-confirm"),
    path("cases/<int:pk>/reopen/", views.reopen, name="case-reopen"),
    path("attachments/<int:pk>/", views.attachment, name="attachment"),
]
