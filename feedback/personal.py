"""What this app's tables hold of members."""

from config.common.personal import Holds, Personal

C, A, S, R, F, T, M = (
    Holds.CONTACT, Holds.ABOUT, Holds.SAID, Holds.REMARK, Holds.FILE, Holds.TRACE, Holds.MIXED,
)  # fmt: skip

PERSONAL = {
    "feedback.Case": Personal({"subject": S, "last_message": S, "language": A}, "member"),
    "feedback.CaseWords": Personal({"words": S}, "case__member", goes=True, is_told=False),
    "feedback.Message": Personal({"body": S}, "case__member", told={"is_public": True}),
    "feedback.Attachment": Personal(
        {"file": F, "name": S, "sha256": T}, "message__case__member", goes=True,
        told={"message__is_public": True},
    ),
    "feedback.Draft": Personal({"body": S}, "case__member", goes=True, is_told=False),
    "feedback.ChannelMessage": Personal(
        {
            "external_id": T, "thread_id": T, "letter_id": T, "reason": R, "sender": C, "sender_name": C,
            "recipient": C, "subject": S, "original": F, "data": M,
        },
        "case__member",
    ),
    "feedback.Call": Personal({"external_id": T, "number": C, "recording_url": F}, "member"),
    "feedback.AnswerGiven": Personal({"question": S}, "member"),
    "feedback.Handoff": Personal({"question": R, "answer": R}, "case__member", is_told=False),
    "feedback.Pause": Personal({"remark": R}, "clock__case__member", is_told=False),
    "feedback.Firing": Personal({"outcome": M}, "clock__case__member", is_told=False),
    "feedback.Alert": Personal({"data": M}, "case__member", goes=True, is_told=False),
    "feedback.DigestLine": Personal({"alerts": M}),
    "feedback.Approval": Personal({"reason": R, "note": R}, "case__member", is_told=False),
    "feedback.ApprovalQuestion": Personal({"question": R, "answer": R}, "grant__member", is_told=False),
    "feedback.BulkRun": Personal({"content": M}),
    "feedback.BulkResult": Personal({"reason": R}, "case__member", is_told=False),
    "feedback.PlaybookUse": Personal({"refusals": R}, "case__member", is_told=False),
    "feedback.RemedyRequest": Personal({"note": R, "outcome": R}, "case__member", is_told=False),
    "feedback.QualityScore": Personal({"remarks": M, "remark": R}, "check_of__case__member", is_told=False),
    "feedback.Appeal": Personal({"text": R, "answer": R}, "check_of__case__member", is_told=False),
    "feedback.CoachingNote": Personal({"text": R, "outcome": R}, "check_of__case__member", is_told=False),
    "feedback.BreachNote": Personal({"remark": R}, "clock__case__member", is_told=False),
    "feedback.Review": Personal(
        {"external_id": T, "title": S, "text": S, "video_url": F, "device": T}, "member"
    ),
    "feedback.ReviewPicture": Personal({"file": F, "name": S, "sha256": T}, "review__member", goes=True),
    "feedback.ReviewPlace": Personal({"external_id": T, "url": T}, "review__member"),
    "feedback.ReviewSignal": Personal({"evidence": M}, "review__member", goes=True, is_told=False),
    "feedback.ReviewBand": Personal({}, "review__member", goes=True, is_told=False),
    "feedback.ModerationDecision": Personal({"note": R}, "review__member", is_told=False),
    "feedback.ReviewAppeal": Personal({"text": S}, "review__member"),
    "feedback.ReviewWords": Personal({"words": S}, "review__member", goes=True, is_told=False),
    "feedback.Post": Personal(
        {
            "external_id": T, "url": T, "author": C, "author_id": T, "title": S, "text": S, "reason": R,
            "answer": S,
        },
        "member",
    ),
    "feedback.PostFile": Personal({"file": F, "name": S, "sha256": T}, "post__member", goes=True),
    "feedback.PostBand": Personal({}, "post__member", goes=True, is_told=False),
    "feedback.PostDecision": Personal({"reason": R, "answer": S}, "post__member", is_told=False),
    "feedback.PostCluster": Personal({"name": R, "reason": R, "answer": R}),
    "feedback.Reply": Personal(
        {"text": S, "public_text": S}, "review__member", told={"state": "approved"}
    ),
    "feedback.ReplyVersion": Personal({"text": S}, "reply__review__member", is_told=False),
    "feedback.ReplyPost": Personal({"external_id": T, "error": R}, "reply__review__member", is_told=False),
    "feedback.Triage": Personal({"keywords": S, "words": S}, "member"),
    "feedback.Gap": Personal({"dismissed_why": R}, "member", is_told=False),
    "feedback.Overturned": Personal({"why": R, "note": R}, "gap__member", is_told=False),
    "feedback.BehaviourEvent": Personal(
        {
            "external_id": T, "visitor": T, "session": T, "product": S, "order_number": T, "query": S,
            "device": A, "page": S,
        },
        "member", goes=True,
    ),
    "feedback.BehaviourVisitor": Personal({"visitor": T}, "member", goes=True),
    "feedback.BehaviourDay": Personal({"day": A, "what": A}, "member", goes=True),
    "feedback.MemberExpectation": Personal({"signs": A, "group": A}, "member", goes=True),
    "feedback.SavedView": Personal({"filter": M}),
    "feedback.LegalHold": Personal({"reason": R}, is_told=False),
    "feedback.ImportRun": Personal({"folder": F, "files": M, "failures": M}),
}  # fmt: skip

FREE = {
    "feedback.RuleTask",
    # what we configure and plan
    "feedback.AgentSkill", "feedback.Ladder", "feedback.Rung", "feedback.LadderVersion", "feedback.Calendar",
    "feedback.CalendarVersion", "feedback.Policy", "feedback.PolicyVersion", "feedback.PauseRule",
    "feedback.Skill", "feedback.Department", "feedback.Agent", "feedback.DepartmentRule", "feedback.Mailbox",
    "feedback.WebhookSource", "feedback.WebhookKey", "feedback.Topic", "feedback.Article",
    "feedback.ArticleVersion", "feedback.ArticleText", "feedback.KnownWord", "feedback.ChatSetup",
    "feedback.DeskSetup", "feedback.Messenger", "feedback.Template", "feedback.ToneRule", "feedback.Playbook",
    "feedback.PlaybookStep", "feedback.PlaybookRemedy", "feedback.PlaybookVersion", "feedback.Scorecard",
    "feedback.ScorecardItem", "feedback.SamplingRule", "feedback.QualityCheck", "feedback.BreachCause",
    "feedback.ReviewDimension", "feedback.ReviewSetup", "feedback.ModerationReason",
    "feedback.ModerationWord", "feedback.SignalRule", "feedback.RewardRule",
    "feedback.Leave", "feedback.Simulation", "feedback.ClockMove",
    "feedback.LexiconEntry", "feedback.TriageSetup",
    "feedback.FactKind", "feedback.ProductFact", "feedback.Claim", "feedback.ClaimValue",
    "feedback.AuditTerm", "feedback.Finding", "feedback.QualityLevel",
    "feedback.CrisisWatch", "feedback.Crisis", "feedback.CrisisCase", "feedback.Statement",
    "feedback.SearchWord", "feedback.GroupMean",
    "feedback.ReplyRule", "feedback.ReplyTemplate", "feedback.ReplyTurn", "feedback.ReplyDecision",
    # what we count
    "feedback.CrisisHour", "feedback.RewardDue",
    "feedback.GapDay", "feedback.GapDayDue", "feedback.ReviewDue", "feedback.LinesDue",
    "feedback.BoardCount", "feedback.Clock", "feedback.VoiceDay", "feedback.VoiceDue",
    "feedback.VoiceCategoryDay", "feedback.VoiceTrend",
    "feedback.PostTerm", "feedback.WatchWord",
    # columns
    "feedback.Post.source", "feedback.PostFile.content_type",
    "feedback.PostCluster.keywords", "feedback.PostCluster.terms",
    "feedback.Gap.about",
    "feedback.BehaviourEvent.source", "feedback.BehaviourEvent.channel", "feedback.BehaviourEvent.hints",
    "feedback.BehaviourVisitor.source",
    "feedback.Review.source", "feedback.ReviewStars.source", "feedback.ReviewPlace.channel",
    "feedback.ReviewPicture.content_type", "feedback.ReviewReward.month",
    "feedback.Case.key", "feedback.Case.category", "feedback.Case.last_author", "feedback.Alert.key",
    "feedback.Alert.kind", "feedback.Attachment.content_type",
    "feedback.BulkRun.key", "feedback.BulkRun.action",
    "feedback.BulkRun.cases", "feedback.Call.line", "feedback.CoachingNote.follow_up_on",
    "feedback.Draft.kind", "feedback.Firing.action", "feedback.ImportRun.map_name",
    "feedback.ImportRun.map_text", "feedback.ImportRun.doing", "feedback.ImportRun.counts",
    "feedback.QualityScore.points", "feedback.SavedView.name", "feedback.SavedView.columns",
    "feedback.SavedView.sort", "feedback.Triage.aspects", "feedback.Triage.tones",
    "feedback.Triage.decided", "feedback.Triage.read",
    "feedback.TriageModel.digest", "feedback.TriageModel.scores", "feedback.TriageModel.weights",
}  # fmt: skip

ALSO = {
    "feedback.Gap": "order__member", "feedback.ReviewReward": "member", "feedback.ReviewInvitation": "member",
    "feedback.ReviewVote": "member", "feedback.ArticleVote": "member", "feedback.ChatSession": "member",
}  # fmt: skip
