"""The page behind an invitation's secret link."""

from django.urls import path

from surveys.portal import views

app_name = "surveys"

urlpatterns = [
    path("<str:token>/", views.answer, name="answer"),
    path("<str:token>/thanks/", views.thanks, name="thanks"),
]
