"""What beat wakes of the figures, and how often."""

from config.common.registry import Periodic

WORK = [
    Periodic("alerts of figures", "kpis.watch", every_seconds=600),
    Periodic("today's figures", "kpis.take_today", every_seconds=300),
    Periodic("figures of days about which facts came in", "kpis.take_late", every_seconds=600),
    Periodic("recent figures", "kpis.take_recent", every_seconds=24 * 3600),
    Periodic("backfills of figures", "kpis.backfill", every_seconds=60),
    Periodic("improvements that are due", "kpis.improvement_deadlines", every_seconds=600),
    Periodic("meetings of task forces", "kpis.call_meetings", every_seconds=3600),
    Periodic("decisions of meetings that are due", "kpis.decision_deadlines", every_seconds=600),
    Periodic("decisions on reports that are due", "kpis.report_deadlines", every_seconds=600),
    Periodic("experiments", "kpis.watch_experiments", every_seconds=3600),
    Periodic("appeals that are due", "kpis.appeal_deadlines", every_seconds=600),
    Periodic("improvements whose gap came back", "kpis.improvements_again", every_seconds=24 * 3600),
    Periodic("what members are told of improvements", "kpis.tell_members", every_seconds=60),
    Periodic("the funnel", "kpis.funnel", every_seconds=1800),
    Periodic("reports of what is over", "kpis.make_reports", every_seconds=1800),
    Periodic("the loyalty index of months that are over", "kpis.take_loyalty", every_seconds=6 * 3600),
]
