from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    """What members tell us and how fast we must answer."""

    name = "feedback"
    verbose_name = _("Cases and response times")
