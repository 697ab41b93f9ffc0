from feedback.models.approval import Approval, ApprovalStatus
from feedback.models.bulk import BulkResult, BulkRun
from feedback.models.call import Call
from feedback.models.case import Case
from feedback.models.channel import ChannelMessage, Direction, Outcome
from feedback.models.choices import CaseKind, CaseStatus, Channel, Milestone, Priority, Resolution
from feedback.models.clock import Alert, Clock, Firing, Pause, PauseReason
from feedback.models.desk import DeskSetup, Draft, Mention, Reader, SavedView
from feedback.models.gap import (
    Aspect,
    Gap,
    GapCause,
    GapKind,
    GapProgress,
    GapRule,
    GapThreshold,
    Promise,
    PromiseSource,
    Severity,
)
from feedback.models.handoff import UNENDED, Handoff, HandoffStatus
from feedback.models.imports import ImportRun, ImportStatus
from feedback.models.ladder import ApprovalKind, Ladder, LadderVersion, Recipients, Rung, RungAction, Via
from feedback.models.link import CaseLink, LinkKind
from feedback.models.mailbox import Mailbox, Security
from feedback.models.message import Attachment, Author, Message
from feedback.models.messenger import Digest, Messenger, MessengerKind, TeamRule
from feedback.models.org import Agent, Department, Membership, Skill, Strategy
from feedback.models.quality import (
    Appeal,
    AppealStatus,
    CheckStatus,
    CoachingNote,
    QualityCheck,
    QualityScore,
    SampleKind,
    SamplingRule,
    Scorecard,
    ScorecardItem,
)
from feedback.models.remedy import Remedy
from feedback.models.review import Reply, Review
from feedback.models.routing import Cover, DedicatedService, Dedication, DepartmentRule
from feedback.models.shift import Leave, LeaveReason, Presence, PresenceState, Shift
from feedback.models.sop import Calendar, CalendarVersion, Policy, PolicyTarget, PolicyVersion
from feedback.models.supervision import (
    ApprovalQuestion,
    AttainmentTarget,
    BoardCount,
    BreachCause,
    BreachNote,
    CountOf,
    Pace,
)
from feedback.models.watcher import Watcher
from feedback.models.webhook import SOURCE_CHANNELS, Scope, WebhookKey, WebhookSource
from feedback.models.words import CaseWords

__all__ = [
    "SOURCE_CHANNELS",
    "UNENDED",
    "Agent",
    "Alert",
    "Appeal",
    "AppealStatus",
    "Approval",
    "ApprovalKind",
    "ApprovalQuestion",
    "ApprovalStatus",
    "Aspect",
    "Attachment",
    "AttainmentTarget",
    "Author",
    "BoardCount",
    "BreachCause",
    "BreachNote",
    "BulkResult",
    "BulkRun",
    "Calendar",
    "CalendarVersion",
    "Call",
    "Case",
    "CaseKind",
    "CaseLink",
    "CaseStatus",
    "CaseWords",
    "Channel",
    "ChannelMessage",
    "CheckStatus",
    "Clock",
    "CoachingNote",
    "CountOf",
    "Cover",
    "DedicatedService",
    "Dedication",
    "Department",
    "DepartmentRule",
    "DeskSetup",
    "Digest",
    "Direction",
    "Draft",
    "Firing",
    "Gap",
    "GapCause",
    "GapKind",
    "GapProgress",
    "GapRule",
    "GapThreshold",
    "Handoff",
    "HandoffStatus",
    "ImportRun",
    "ImportStatus",
    "Ladder",
    "LadderVersion",
    "Leave",
    "LeaveReason",
    "LinkKind",
    "Mailbox",
    "Membership",
    "Mention",
    "Message",
    "Messenger",
    "MessengerKind",
    "Milestone",
    "Outcome",
    "Pace",
    "Pause",
    "PauseReason",
    "Policy",
    "PolicyTarget",
    "PolicyVersion",
    "Presence",
    "PresenceState",
    "Priority",
    "Promise",
    "PromiseSource",
    "QualityCheck",
    "QualityScore",
    "Reader",
    "Recipients",
    "Remedy",
    "Reply",
    "Resolution",
    "Review",
    "Rung",
    "RungAction",
    "SampleKind",
    "SamplingRule",
    "SavedView",
    "Scope",
    "Scorecard",
    "ScorecardItem",
    "Security",
    "Severity",
    "Shift",
    "Skill",
    "Strategy",
    "TeamRule",
    "Via",
    "Watcher",
    "WebhookKey",
    "WebhookSource",
]
