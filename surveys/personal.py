"""What this app's tables hold of members."""

from config.common.personal import Holds, Personal

MEMBER = "invitation__member"

PERSONAL = {
    "surveys.Invitation": Personal(
        {"digest": Holds.TRACE, "segments": Holds.ABOUT, "returned_why": Holds.ABOUT}, "member"
    ),
    "surveys.Skip": Personal({}, "member", goes=True),
    "surveys.Waiting": Personal({}, "member", goes=True),
    "surveys.Draft": Personal({"key": Holds.TRACE, "answers": Holds.SAID}, MEMBER, goes=True),
    "surveys.DraftFile": Personal(
        {"file": Holds.FILE, "name": Holds.SAID, "sha256": Holds.TRACE}, f"draft__{MEMBER}", goes=True
    ),
    "surveys.Response": Personal({"segments": Holds.ABOUT}, MEMBER),
    "surveys.Answer": Personal({"text": Holds.SAID, "day": Holds.SAID}, f"response__{MEMBER}"),
    "surveys.AnswerFile": Personal(
        {"file": Holds.FILE, "name": Holds.SAID, "sha256": Holds.TRACE},
        f"answer__response__{MEMBER}",
        goes=True,
    ),
    "surveys.Interview": Personal(
        {
            "reasons": Holds.ABOUT,
            "segment": Holds.ABOUT,
            "recording": Holds.FILE,
            "notes": Holds.SAID,
            "declined_because": Holds.SAID,
        },
        "member",
    ),
    "surveys.Passage": Personal({"text": Holds.SAID}, "interview__member"),
}

FREE = {
    "surveys.Answer.picked", "surveys.Answer.row", "surveys.AnswerFile.content_type", "surveys.Campaign",
    "surveys.AspectDepartment", "surveys.CampaignWording", "surveys.Choice", "surveys.Draft.last",
    "surveys.Draft.saved_on", "surveys.Evidence.said_on",
    "surveys.Door", "surveys.DraftFile.content_type", "surveys.DraftFile.question", "surveys.PaperFile",
    "surveys.Interview.month", "surveys.Interview.rest", "surveys.InterviewGuide", "surveys.InterviewSlot",
    "surveys.Invitation.channel", "surveys.Invitation.key", "surveys.Need", "surveys.Question",
    "surveys.Response.channel", "surveys.Response.week", "surveys.ResultFile", "surveys.Section",
    "surveys.Skip.key", "surveys.SpentLink", "surveys.Stratum", "surveys.Survey",
    "surveys.SurveyVersion", "surveys.Tally", "surveys.TallyStale", "surveys.Theme",
    "surveys.Waiting.key", "surveys.Wave",
}  # fmt: skip
"""Choices and scores stay when a member is erased: they are counted, and say nothing without words."""
