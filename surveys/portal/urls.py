"""The page behind an invitation's secret link."""

from django.urls import path

from surveys.portal import interviews, views

app_name = "surveys"

urlpatterns = [
    path("interviews/<int:pk>/<str:token>/", interviews.choose, name="interview"),
    path("interviews/<int:pk>/<str:token>/interview.ics", interviews.calendar, name="interview-calendar"),
    path("<str:token>/", views.answer, name="answer"),
    path("<str:token>/thanks/", views.thanks, name="thanks"),
]
