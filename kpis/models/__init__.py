from kpis.models.metric import Dimension, Direction, Grain, MetricCode
from kpis.models.snapshot import Backfill, BackfillState, Correction, FigureDay, Snapshot
from kpis.models.target import Target

__all__ = [
    "Backfill",
    "BackfillState",
    "Correction",
    "Dimension",
    "Direction",
    "FigureDay",
    "Grain",
    "MetricCode",
    "Snapshot",
    "Target",
]
