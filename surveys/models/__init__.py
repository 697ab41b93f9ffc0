from surveys.models.campaign import Campaign, Question, QuestionKind, Trigger
from surveys.models.response import Answer, Invitation, Response

__all__ = ["Answer", "Campaign", "Invitation", "Question", "QuestionKind", "Response", "Trigger"]
