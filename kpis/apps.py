from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KpisConfig(AppConfig):
    """Reads everything, is read by nobody."""

    name = "kpis"
    verbose_name = _("Figures")

    def ready(self) -> None:
        """Say what ships, what beat wakes and which pages there are."""
        self._add_data()
        self._add_work()
        self._add_pages()

    def _add_data(self) -> None:
        from compensation.consents import profiling
        from config.common import personal, retention
        from config.common.registry import DEFAULTS, DEMO
        from kpis import personal as ours
        from kpis import retaining
        from kpis.defaults import (
            demo,
            demo_funnel,
            demo_lost,
            demo_loyalty,
            demo_people,
            demo_reports,
            demo_task_force,
            demo_training,
        )
        from kpis.defaults import schemes as shipped
        from kpis.defaults.seed import seed
        from kpis.funnels.keeping import keep
        from kpis.loyalty import taking, weighing

        personal.add(ours.PERSONAL, ours.FREE, also=ours.ALSO, ending=keep)
        retention.add(retaining.KINDS)
        profiling.FORGET[:0] = [keep, taking.forget]  # before what they rest on is nobody's
        DEFAULTS.extend([seed, shipped.seed, weighing.seed])
        DEMO.extend([demo_lost.seed, demo_funnel.seed, demo.seed, demo_people.seed, demo_reports.seed])
        DEMO.extend([demo_task_force.seed, demo_loyalty.seed, demo_training.seed])

    def _add_work(self) -> None:
        from config.common import api_keys, gauges, variants
        from config.common.registry import PERIODIC
        from kpis.api.reading import READS
        from kpis.experiments.assigning import Trials
        from kpis.periodic import WORK
        from kpis.snapshots.gauges import GAUGES

        variants.TRIALS.append(Trials())
        api_keys.SCOPES[READS] = _("read all figures")
        gauges.GAUGES.extend(GAUGES)
        PERIODIC.extend(WORK)

    def _add_pages(self) -> None:
        from config.common.registry import MENU, PAGES
        from feedback.admin.hot_spots import SPOT_PANELS
        from feedback.admin.panels import MEMBER_FACTS
        from kpis.admin import improving, loyalty, pages
        from surveys.admin.needs import NEED_PANELS

        PAGES.extend(pages.OURS)
        MENU.extend(pages.ITEMS)
        MEMBER_FACTS.append(loyalty.risk_of)
        SPOT_PANELS.append(improving.of_spot)
        NEED_PANELS.append(improving.of_need)
