from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KpisConfig(AppConfig):
    """Reads everything, is read by nobody."""

    name = "kpis"
    verbose_name = _("Figures")

    def ready(self) -> None:
        """Bring the goals, show the rows behind the figures, and have beat take them."""
        from config.common import personal
        from config.common.registry import DEFAULTS, DEMO, PAGES, PERIODIC, Page, Periodic
        from kpis.admin.figures import figure
        from kpis.defaults import demo
        from kpis.defaults.seed import seed

        personal.add({}, {"kpis.Snapshot", "kpis.Correction", "kpis.FigureDay", "kpis.Backfill"})
        DEFAULTS.append(seed)
        DEMO.append(demo.seed)
        PAGES.append(Page("figures/<str:metric>/", figure, "figure"))
        PERIODIC.append(Periodic("today's figures", "kpis.take_today", every_seconds=300))
        PERIODIC.append(
            Periodic("figures of days about which facts came in", "kpis.take_late", every_seconds=600)
        )
        PERIODIC.append(Periodic("recent figures", "kpis.take_recent", every_seconds=24 * 3600))
        PERIODIC.append(Periodic("backfills of figures", "kpis.backfill", every_seconds=60))
