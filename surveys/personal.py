"""What this app's tables hold of members."""

from config.common.personal import Holds, Personal

PERSONAL = {
    "surveys.Invitation": Personal({"digest": Holds.TRACE}, "member"),
    "surveys.Answer": Personal({"text": Holds.SAID}, "response__invitation__member"),
}

FREE = {"surveys.Campaign", "surveys.Question"}
