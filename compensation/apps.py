from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CompensationConfig(AppConfig):
    """Who members are, what they bought, what we owe them."""

    name = "compensation"
    verbose_name = _("Members and compensation")
