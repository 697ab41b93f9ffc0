from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KpisConfig(AppConfig):
    """Reads everything, is read by nobody."""

    name = "kpis"
    verbose_name = _("Figures")
