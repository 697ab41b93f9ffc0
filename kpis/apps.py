from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KpisConfig(AppConfig):
    """Reads everything, is read by nobody."""

    name = "kpis"
    verbose_name = _("Figures")

    def ready(self) -> None:
        """Bring the goals, and have beat take the figures."""
        from config.common.registry import DEFAULTS, PERIODIC, Periodic
        from kpis.defaults.seed import seed

        DEFAULTS.append(seed)
        PERIODIC.append(Periodic("today's figures", "kpis.take_today", every_seconds=300))
        PERIODIC.append(Periodic("recent figures", "kpis.take_recent", every_seconds=6 * 3600))
