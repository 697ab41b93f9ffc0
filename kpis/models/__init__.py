from kpis.models.alert import ABOUT_GOALS, AlertKind, FigureAlert
from kpis.models.cause import ROWS, Ground, Why
from kpis.models.funnel import (
    FunnelCohort,
    FunnelDay,
    FunnelKept,
    FunnelStep,
    FunnelTerms,
)
from kpis.models.improvement import (
    Improvement,
    ImprovementCheck,
    ImprovementKind,
    ImprovementRung,
    ImprovementStatus,
    ImprovementTask,
    ImprovementTold,
    Step,
    Verdict,
)
from kpis.models.metric import Dimension, Direction, Grain, MetricCode
from kpis.models.snapshot import Backfill, BackfillState, Correction, FigureDay, Snapshot
from kpis.models.target import GOAL_GRAINS, Target

__all__ = [
    "ABOUT_GOALS",
    "GOAL_GRAINS",
    "ROWS",
    "AlertKind",
    "Backfill",
    "BackfillState",
    "Correction",
    "Dimension",
    "Direction",
    "FigureAlert",
    "FigureDay",
    "FunnelCohort",
    "FunnelDay",
    "FunnelKept",
    "FunnelStep",
    "FunnelTerms",
    "Grain",
    "Ground",
    "Improvement",
    "ImprovementCheck",
    "ImprovementKind",
    "ImprovementRung",
    "ImprovementStatus",
    "ImprovementTask",
    "ImprovementTold",
    "MetricCode",
    "Snapshot",
    "Step",
    "Target",
    "Verdict",
    "Why",
]
