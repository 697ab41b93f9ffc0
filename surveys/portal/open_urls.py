"""Open campaigns: their link, the pop-up, and its script."""

from django.urls import path

from surveys.portal import opening

app_name = "open"

urlpatterns = [
    path("<str:key>/", opening.door, name="door"),
    path("<str:key>/pop-up.js", opening.pop_up, name="pop-up"),
    path("<str:key>/thanks/", opening.thanks, name="thanks"),
    path("<str:key>/<str:ticket>/", opening.door, name="answer"),
]
