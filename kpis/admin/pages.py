"""The pages of figures and their places in the menu."""

from django.utils.translation import gettext_lazy as _

from config.common.registry import MenuItem, Page
from kpis.admin import (
    alerts,
    appraisals,
    came_back,
    days,
    drivers,
    experiments,
    funnel,
    goals,
    improvements,
    loyalty,
    loyalty_weights,
    reports,
    schemes,
    task_forces,
    trainings,
)
from kpis.admin.boards import pages as boards
from kpis.admin.definitions import definitions
from kpis.admin.figures import figure

OURS = [
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
    *funnel.FUNNEL_PAGES,
    *drivers.DRIVERS_PAGES,
    *came_back.BACK_PAGES,
    *loyalty.LOYALTY_PAGES,
    *loyalty_weights.WEIGHT_PAGES,
    *boards.BOARD_PAGES,
    *improvements.IMPROVEMENT_PAGES,
    *reports.REPORT_PAGES,
    *task_forces.TASK_FORCE_PAGES,
    *experiments.EXPERIMENT_PAGES,
    *schemes.SCHEME_PAGES,
    *appraisals.APPRAISAL_PAGES,
    *trainings.TRAINING_PAGES,
]

ITEMS = [
    MenuItem(_("What the figures mean"), "figures", "functions", group="lead"),
    MenuItem(_("Goals"), "figure_goals", "flag", (goals.SEES,), group="lead"),
    MenuItem(
        _("Alerts of figures"), "figure_alerts", "monitoring", (alerts.SEES,), alerts.waiting, group="lead"
    ),
    *funnel.FUNNEL_MENU,
    *drivers.DRIVERS_MENU,
    *loyalty.LOYALTY_MENU,
    *boards.BOARD_MENU,
    *reports.REPORT_MENU,
    *improvements.IMPROVEMENT_MENU,
    *task_forces.TASK_FORCE_MENU,
    *appraisals.APPRAISAL_MENU,
    *trainings.TRAINING_MENU,
    *experiments.EXPERIMENT_MENU,
]
