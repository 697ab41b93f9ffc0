from kpis.models.snapshot import Direction, MetricCode, Snapshot, Target

__all__ = ["Direction", "MetricCode", "Snapshot", "Target"]
