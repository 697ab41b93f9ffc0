from kpis.models.alert import ABOUT_GOALS, AlertKind, FigureAlert
from kpis.models.metric import Dimension, Direction, Grain, MetricCode
from kpis.models.snapshot import Backfill, BackfillState, Correction, FigureDay, Snapshot
from kpis.models.target import GOAL_GRAINS, Target

__all__ = [
    "ABOUT_GOALS",
    "GOAL_GRAINS",
    "AlertKind",
    "Backfill",
    "BackfillState",
    "Correction",
    "Dimension",
    "Direction",
    "FigureAlert",
    "FigureDay",
    "Grain",
    "MetricCode",
    "Snapshot",
    "Target",
]
