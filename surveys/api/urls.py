"""A member's surveys under /api/v1/."""

from django.urls import path

from surveys.api import views

urlpatterns = [
    path("invitations/", views.InvitationsView.as_view(), name="invitations"),
    path("invitations/<int:pk>/", views.InvitationView.as_view(), name="invitation"),
    path("invitations/<int:pk>/answers/", views.AnswersView.as_view(), name="invitation-answers"),
]
