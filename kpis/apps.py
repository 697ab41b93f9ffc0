from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KpisConfig(AppConfig):
    """Reads everything, is read by nobody."""

    name = "kpis"
    verbose_name = _("Figures")

    def ready(self) -> None:
        """Bring the goals, show the rows behind the figures, and have beat take them."""
        from compensation.consents import profiling
        from config.common import api_keys, gauges, personal, retention, variants
        from config.common.registry import DEFAULTS, DEMO, MENU, PAGES, PERIODIC, MenuItem, Page, Periodic
        from feedback.admin.hot_spots import SPOT_PANELS
        from kpis import personal as ours
        from kpis import retaining
        from kpis.admin import (
            alerts,
            appraisals,
            days,
            experiments,
            funnel,
            goals,
            improvements,
            improving,
            schemes,
        )
        from kpis.admin.boards import pages as boards
        from kpis.admin.definitions import definitions
        from kpis.admin.figures import figure
        from kpis.api.reading import READS
        from kpis.defaults import demo, demo_funnel, demo_people
        from kpis.defaults import schemes as shipped
        from kpis.defaults.seed import seed
        from kpis.experiments.assigning import Trials
        from kpis.funnels.keeping import keep
        from kpis.snapshots.gauges import GAUGES
        from surveys.admin.needs import NEED_PANELS

        personal.add(ours.PERSONAL, ours.FREE, also=ours.ALSO, ending=keep)
        retention.add(retaining.KINDS)
        profiling.FORGET.insert(0, keep)  # before what they rest on is nobody's
        variants.TRIALS.append(Trials())
        api_keys.SCOPES[READS] = _("read all figures")
        gauges.GAUGES.extend(GAUGES)
        DEFAULTS.extend([seed, shipped.seed])
        DEMO.extend([demo_funnel.seed, demo.seed, demo_people.seed])
        PAGES.extend(
            [
                Page("figures/", definitions, "figures"),
                Page("figures/days/", days.days, "figure_days"),
                Page("figures/days/close/", days.close, "figure_close"),
                Page("figures/days/take/", days.take, "figure_take"),
                Page("figures/days/<int:backfill_id>/stop/", days.stop, "figure_stop"),
                Page("figures/goals/", goals.goals, "figure_goals"),
                Page("figures/goals/one/", goals.goal, "figure_goal"),
                Page("figures/goals/<int:target_id>/back/", goals.back, "figure_goal_back"),
                Page("figures/alerts/", alerts.alerts, "figure_alerts"),
                Page("figures/alerts/note/", alerts.note, "figure_alerts_note"),
                Page("figures/alerts/<int:alert_id>/", alerts.alert, "figure_alert"),
                Page("figures/<str:metric>/", figure, "figure"),
            ]
        )
        MENU.append(MenuItem(_("What the figures mean"), "figures", "functions", group="lead"))
        MENU.append(MenuItem(_("Goals"), "figure_goals", "flag", (goals.SEES,), group="lead"))
        MENU.append(
            MenuItem(
                _("Alerts of figures"),
                "figure_alerts",
                "monitoring",
                (alerts.SEES,),
                alerts.waiting,
                group="lead",
            )
        )
        PAGES.extend([*funnel.FUNNEL_PAGES, *boards.BOARD_PAGES])
        MENU.extend([*funnel.FUNNEL_MENU, *boards.BOARD_MENU])
        PAGES.extend(improvements.IMPROVEMENT_PAGES)
        MENU.extend([*improvements.IMPROVEMENT_MENU, *appraisals.APPRAISAL_MENU])
        MENU.extend(experiments.EXPERIMENT_MENU)
        PAGES.extend([*experiments.EXPERIMENT_PAGES, *schemes.SCHEME_PAGES, *appraisals.APPRAISAL_PAGES])
        SPOT_PANELS.append(improving.of_spot)
        NEED_PANELS.append(improving.of_need)
        PERIODIC.append(Periodic("alerts of figures", "kpis.watch", every_seconds=600))
        PERIODIC.append(Periodic("today's figures", "kpis.take_today", every_seconds=300))
        PERIODIC.append(
            Periodic("figures of days about which facts came in", "kpis.take_late", every_seconds=600)
        )
        PERIODIC.append(Periodic("recent figures", "kpis.take_recent", every_seconds=24 * 3600))
        PERIODIC.append(Periodic("backfills of figures", "kpis.backfill", every_seconds=60))
        PERIODIC.append(
            Periodic("improvements that are due", "kpis.improvement_deadlines", every_seconds=600)
        )
        PERIODIC.append(Periodic("experiments", "kpis.watch_experiments", every_seconds=3600))
        PERIODIC.append(Periodic("appeals that are due", "kpis.appeal_deadlines", every_seconds=600))
        PERIODIC.append(
            Periodic("improvements whose gap came back", "kpis.improvements_again", every_seconds=24 * 3600)
        )
        PERIODIC.append(
            Periodic("what members are told of improvements", "kpis.tell_members", every_seconds=60)
        )
        PERIODIC.append(Periodic("the funnel", "kpis.funnel", every_seconds=1800))
