"""What this app's tables hold of members."""

from config.common.personal import Holds, Personal

PERSONAL = {
    "kpis.Improvement": Personal({"title": Holds.REMARK, "problem": Holds.REMARK}),
    "kpis.ImprovementTask": Personal({"text": Holds.REMARK}),
    "kpis.Why": Personal({"text": Holds.REMARK}),
    "kpis.Experiment": Personal(
        {
            "title": Holds.REMARK,
            "hypothesis": Holds.REMARK,
            "stop_reason": Holds.REMARK,
            "reason": Holds.REMARK,
        }
    ),
    "kpis.ReportNote": Personal({"text": Holds.REMARK}, is_told=False),
    "kpis.Meeting": Personal({"minutes": Holds.REMARK}, is_told=False),
    "kpis.Topic": Personal({"said": Holds.REMARK}, is_told=False),
    "kpis.Resolve": Personal({"text": Holds.REMARK, "outcome": Holds.REMARK}, is_told=False),
    "kpis.AppraisalMark": Personal({"remark": Holds.REMARK}, is_told=False),
    "kpis.AppraisalScore": Personal({"reason": Holds.REMARK}, is_told=False),
    "kpis.AppraisalAppeal": Personal({"text": Holds.REMARK, "answer": Holds.REMARK}, is_told=False),
    "kpis.Training": Personal(
        {"title": Holds.REMARK, "notes": Holds.REMARK, "reason": Holds.REMARK}, is_told=False
    ),
}
"""What colleagues write may name somebody; no row of these is any member's."""

FREE = {
    "kpis.Snapshot", "kpis.Correction", "kpis.FigureDay", "kpis.Backfill", "kpis.Ground", "kpis.Target",
    "kpis.Tally",
    "kpis.FigureAlert", "kpis.FunnelTerms", "kpis.FunnelCohort", "kpis.FunnelDay", "kpis.FunnelKept",
    "kpis.Scheme", "kpis.SchemeVersion", "kpis.SchemeLine", "kpis.Appraisal", "kpis.AppraisalRung",
    "kpis.AppraisalMark.month", "kpis.AppraisalScore.numbers", "kpis.AppraisalAppeal.due_on",
    "kpis.ImprovementCheck", "kpis.ImprovementRung", "kpis.Improvement.spot_value", "kpis.Improvement.key",
    "kpis.Improvement.control_key", "kpis.Improvement.due_on", "kpis.Improvement.check_on",
    "kpis.Improvement.said_title", "kpis.Improvement.said", "kpis.Improvement.said_title_en",
    "kpis.Improvement.said_en", "kpis.ImprovementTask.due_on",
    "kpis.ExperimentArm", "kpis.ExperimentGuard", "kpis.ExperimentResult", "kpis.Experiment.key",
    "kpis.Experiment.named", "kpis.Experiment.outcome", "kpis.Experiment.salt", "kpis.Experiment.ends_on",
    "kpis.Experiment.written", "kpis.Report", "kpis.ReportReader", "kpis.ReportNote.due_on",
    "kpis.ReportNoteRung",
    "kpis.TaskForce", "kpis.TaskForceMember", "kpis.Attendance", "kpis.ResolveRung", "kpis.Meeting.on",
    "kpis.Meeting.planned_on", "kpis.Meeting.left_out", "kpis.Topic.numbers", "kpis.Resolve.due_on",
    "kpis.LoyaltyWeights", "kpis.LoyaltyRun", "kpis.LoyaltyMonth.month", "kpis.LoyaltyMonth.tier",
    "kpis.Training.need_code", "kpis.Training.need_name", "kpis.Training.place", "kpis.Training.link",
    "kpis.Training.material", "kpis.Training.others", "kpis.TrainingPlace",
}  # fmt: skip

ALSO = {"kpis.ImprovementTold": "member", "kpis.Exposure": "member", "kpis.LoyaltyMonth": "member"}
