"""A member's surveys under /portal/."""

from django.urls import path

from surveys.portal import mine

urlpatterns = [
    path("surveys/", mine.surveys, name="surveys"),
    path("surveys/<int:pk>/", mine.survey, name="survey"),
    path("surveys/<int:pk>/decline/", mine.decline, name="survey-decline"),
]
