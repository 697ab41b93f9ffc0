"""Whose edits are kept: the SOP, the organisation, and what else people configure here."""

from config.common.history import track
from feedback.models.advert import AuditTerm
from feedback.models.chat import ChatSetup
from feedback.models.claim import FactKind, QualityLevel
from feedback.models.crisis_watch import CrisisWatch
from feedback.models.expectation import ExpectationSetup, SearchWord, SignWeight
from feedback.models.gap import GapThreshold
from feedback.models.knowledge import AnsweringRule, Article, ArticleText, Topic
from feedback.models.ladder import Ladder, Rung
from feedback.models.mailbox import Mailbox
from feedback.models.messenger import Messenger, TeamRule
from feedback.models.moderation import ModerationReason, ModerationWord, SignalRule
from feedback.models.org import Agent, Department, Membership, Skill
from feedback.models.playbook import Playbook, PlaybookRemedy, PlaybookStep
from feedback.models.quality import SamplingRule, Scorecard, ScorecardItem
from feedback.models.reply_rule import ReplyRule, ReplyTemplate
from feedback.models.review import ReviewDimension
from feedback.models.review_setup import ReviewSetup
from feedback.models.reward import RewardRule
from feedback.models.routing import Cover, DedicatedService, DepartmentRule
from feedback.models.sop import Calendar, PauseRule, Policy, PolicyTarget
from feedback.models.supervision import AttainmentTarget, BreachCause
from feedback.models.triage import LexiconEntry, TriageSetup
from feedback.models.watch import WatchWord
from feedback.models.webhook import WebhookKey, WebhookSource
from feedback.models.wording import Template, ToneRule


class AgentSkill(Agent.skills.through):  # type: ignore[name-defined,misc]  # made at run time
    """What an agent can do, as its history is kept."""

    class Meta:
        proxy = True


TRACKED = (
    Calendar, Policy, PolicyTarget, PauseRule, Ladder, Rung, TeamRule,
    Department, DepartmentRule, Skill, Agent, AgentSkill, Membership, Cover, DedicatedService,
    Template, ToneRule, Playbook, PlaybookStep, PlaybookRemedy,
    Topic, Article, AnsweringRule, ChatSetup, GapThreshold,
    AuditTerm, FactKind, QualityLevel,
    AttainmentTarget, BreachCause, Scorecard, ScorecardItem, SamplingRule, WebhookSource,
    ReviewDimension, ReviewSetup, ModerationReason, ModerationWord, SignalRule, RewardRule,
    LexiconEntry, TriageSetup, CrisisWatch, ReplyRule, ReplyTemplate,
    SignWeight, SearchWord, ExpectationSetup,
)  # fmt: skip

for _model in TRACKED:
    track(_model)

track(ArticleText, exclude=["words"])
track(
    Mailbox,
    exclude=[
        "uid_validity", "last_uid", "trying_uid", "tries", "busy_until", "checked_at", "failing_since",
        "last_error", "since",
    ],
    secrets=["password"],
)  # fmt: skip
track(Messenger, secrets=["sealed_url"])
track(WatchWord, exclude=["looked_up_to"])
track(WebhookKey, exclude=["last_used_at"], secrets=["secret"])
