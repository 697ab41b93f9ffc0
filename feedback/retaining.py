"""How long this app keeps what, and by which law."""

import shutil
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.common import personal, retention
from config.common.retention import Kind, Part
from feedback import personal as ours
from feedback.cases import erasing
from feedback.holds.queries import held, standing
from feedback.intake.running import folder_of
from feedback.models import CaseStatus, ImportStatus, PostKind, Signal
from feedback.models.post_topic import ENDED as ENDED_POSTS

YEAR = 365
CLOSED = "case__closed_at"
ENDED = Q(case__status=CaseStatus.CLOSED)
CHATTED = Q(case__chat__isnull=False)
DISPUTE = _("Civil Code, article 188: claims lapse after three years.")
SHORTEST = _("Personal Information Protection Law, article 19: no longer than the purpose needs.")


REMARKS = (
    ("Pause", "clock__case", ("remark",)),
    ("BreachNote", "clock__case", ("remark",)),
    ("Firing", "clock__case", ("outcome",)),
    ("Approval", "case", ("reason", "note")),
    ("RemedyRequest", "case", ("note", "outcome")),
    ("PlaybookUse", "case", ("refusals",)),
    ("BulkResult", "case", ("reason",)),
    ("QualityScore", "check_of__case", ("remarks", "remark")),
    ("Appeal", "check_of__case", ("text", "answer")),
    ("CoachingNote", "check_of__case", ("text", "outcome")),
)
"""What colleagues write about a case, and the way from there to it."""


def _post_parts(at: str, only: Q) -> list[Part]:
    """Words and files of posts go; the posts, and what was read of them, are counted on."""
    of_post = _through("post", only)
    return [
        Part(label="feedback.PostFile", at=f"post__{at}", only=of_post, files=("file",), size="size"),
        Part(label="feedback.PostBand", at=f"post__{at}", only=of_post),
        Part(label="feedback.PostDecision", at=f"post__{at}", only=of_post, columns=("reason", "answer")),
        Part(label="feedback.Triage", at=f"post__{at}", only=of_post, columns=("keywords", "words")),
        Part(
            label="feedback.Post",
            at=at,
            only=only,
            columns=("url", "author", "author_id", "title", "text", "reason", "answer"),
            case="case",
        ),
    ]


def _through(way: str, only: Q) -> Q:
    """The same said of a row that leads there."""
    parts: list[Any] = list(only.children)
    found = Q(*(_through(way, one) if isinstance(one, Q) else (f"{way}__{one[0]}", one[1]) for one in parts))
    found.connector, found.negated = only.connector, only.negated
    return found


def _remove_import(run: Any) -> None:
    """Remove what an import left behind: the report of what it rejected holds personal data."""
    if run.folder:
        shutil.rmtree(folder_of(run), ignore_errors=True)


KINDS = [
    Kind(
        code="case-texts",
        name=_("texts of closed cases"),
        days=3 * YEAR,
        source=DISPUTE,
        parts=[
            Part(label="feedback.CaseWords", at=CLOSED, only=ENDED, case="case"),
            Part(label="feedback.Message", at=CLOSED, only=ENDED & ~CHATTED, columns=("body",), case="case"),
            Part(
                label="feedback.Handoff", at=CLOSED, only=ENDED, columns=("question", "answer"), case="case"
            ),
            Part(label="feedback.Triage", at=CLOSED, only=ENDED, columns=("keywords", "words"), case="case"),
            Part(
                label="feedback.Case",
                at="closed_at",
                only=Q(status=CaseStatus.CLOSED),
                columns=("subject", "last_message"),
                case="pk",
            ),
        ],
    ),
    Kind(
        code="chats",
        name=_("chat messages of closed cases"),
        days=YEAR,
        source=SHORTEST,
        parts=[
            Part(label="feedback.Message", at=CLOSED, only=ENDED & CHATTED, columns=("body",), case="case")
        ],
    ),
    Kind(
        code="attachments",
        name=_("pictures and files of closed cases"),
        days=2 * YEAR,
        source=SHORTEST,
        parts=[
            Part(
                label="feedback.Attachment",
                at="message__case__closed_at",
                only=Q(message__case__status=CaseStatus.CLOSED),
                case="message__case",
                files=("file",),
                size="size",
            )
        ],
    ),
    Kind(
        code="letters",
        name=_("original letters"),
        days=YEAR,
        source=SHORTEST,
        parts=[
            Part(
                label="feedback.ChannelMessage",
                at="at",
                only=Q(case__isnull=True) | ENDED,
                columns=("original",),
                case="case",
                files=("original",),
            )
        ],
    ),
    Kind(
        code="channel-data",
        name=_("raw data of channels and webhooks"),
        days=180,
        source=SHORTEST,
        parts=[
            Part(
                label="feedback.ChannelMessage",
                at="at",
                only=Q(case__isnull=True) | ENDED,
                columns=("data", "sender", "sender_name", "recipient", "subject", "reason"),
                case="case",
            )
        ],
    ),
    Kind(
        code="recordings",
        name=_("links to recordings of calls, and their numbers"),
        days=180,
        source=SHORTEST,
        parts=[Part(label="feedback.Call", at="began_at", columns=("recording_url", "number"), case="case")],
    ),
    Kind(
        code="behaviour",
        name=_("behaviour in the shop"),
        days=settings.BEHAVIOUR_KEEP_DAYS,
        source=SHORTEST,
        parts=[
            Part(label="feedback.BehaviourEvent", at="at", member="member"),
            Part(label="feedback.BehaviourVisitor", at="first_at", member="member"),
        ],
    ),
    Kind(
        code="drafts",
        name=_("drafts of colleagues"),
        days=30,
        source=SHORTEST,
        parts=[Part(label="feedback.Draft", at="at", case="case")],
    ),
    Kind(
        code="alerts",
        name=_("alerts of colleagues"),
        days=180,
        source=SHORTEST,
        parts=[Part(label="feedback.Alert", at="at", case="case")],
    ),
    Kind(
        code="imports",
        name=_("reports of imports"),
        days=90,
        source=SHORTEST,
        parts=[
            Part(
                label="feedback.ImportRun",
                at="finished_at",
                only=Q(status__in=[ImportStatus.DONE, ImportStatus.FAILED]),
                columns=("folder", "failures"),
                then=_remove_import,
            )
        ],
    ),
    Kind(
        code="devices",
        name=_("devices that reviews were written on"),
        days=180,
        source=SHORTEST,
        parts=[Part(label="feedback.Review", at="written_at", columns=("device",))],
    ),
    Kind(
        code="behaviour-days",
        name=_("what members did in the shop, summed by day"),
        days=2 * YEAR,
        source=SHORTEST,
        parts=[Part(label="feedback.BehaviourDay", at="day", member="member")],
    ),
    Kind(
        code="posts",
        name=_("posts from elsewhere, and who wrote them"),
        days=2 * YEAR,
        source=SHORTEST,
        parts=_post_parts("taken_at", ~Q(kind=PostKind.SUGGESTION)),
    ),
    Kind(
        code="suggestions",
        name=_("suggestions that have come to an end, with their files and answers"),
        days=3 * YEAR,
        source=DISPUTE,
        parts=_post_parts("decided_at", Q(kind=PostKind.SUGGESTION, state__in=ENDED_POSTS)),
    ),
    Kind(
        code="posts-deleted",
        name=_("posts and suggestions that whoever wrote them has deleted"),
        days=30,
        source=SHORTEST,
        parts=_post_parts("deleted_at", Q(deleted_at__isnull=False)),
    ),
    Kind(
        code="reply-versions",
        name=_("what replies to reviews said before"),
        days=3 * YEAR,
        source=DISPUTE,
        parts=[
            Part(
                label="feedback.ReplyVersion",
                at="at",
                only=~Q(number__in=[F("reply__version"), F("reply__public_version")]),  # what stands there
                columns=("text",),
            ),
            Part(label="feedback.ReplyPost", at="changed_at", columns=("error",)),
        ],
    ),
    Kind(
        code="review-invitations",
        name=_("invitations to review"),
        days=2 * YEAR,
        source=SHORTEST,
        parts=[
            Part(label="feedback.ReviewInvitation", at="sent_at", member="member"),
            Part(label="feedback.ReviewInvitation", at="skipped_at", member="member"),
        ],
    ),
    Kind(
        code="moderation",
        name=_("evidence and notes of moderation, appeals"),
        days=3 * YEAR,
        source=DISPUTE,
        parts=[
            Part(
                label="feedback.ReviewSignal",
                at="review__written_at",
                only=Q(signal__in=[Signal.CONTACT, Signal.ADVERT, Signal.ABUSE, Signal.PAID]),
                columns=("evidence",),  # the words themselves; of the others numbers are all there is
            ),
            Part(label="feedback.ModerationDecision", at="at", columns=("note",)),
            Part(label="feedback.ReviewAppeal", at="at", columns=("text",)),
        ],
    ),
    Kind(
        code="questions",
        name=_("questions that were answered automatically"),
        days=YEAR,
        source=SHORTEST,
        parts=[Part(label="feedback.AnswerGiven", at="given_at", columns=("question",), member="member")],
    ),
    Kind(
        code="remarks",
        name=_("remarks of colleagues about closed cases"),
        days=3 * YEAR,
        source=DISPUTE,
        parts=[
            *(
                Part(
                    label=f"feedback.{name}",
                    at=f"{way}__closed_at",
                    only=Q(**{f"{way}__status": CaseStatus.CLOSED}),
                    columns=columns,
                    case=way,
                )
                for name, way, columns in REMARKS
            ),
            Part(label="feedback.Gap", at="dismissed_at", columns=("dismissed_why",)),
            Part(label="feedback.Overturned", at="decided_at", columns=("why", "note")),
            Part(label="feedback.BulkRun", at="at", columns=("content",)),
        ],
    ),
]


def kinds() -> list[Kind]:
    """All kinds, when every app has said what its tables hold."""
    leftovers = Kind(
        code="erased-members",
        name=_("what came of erased members afterwards"),
        days=1,
        source=_("Personal Information Protection Law, article 47: erased means erased."),
        parts=[
            Part(label=label, at=f"{one.whose}__erased_at", member=one.whose)
            for label, one in personal.PERSONAL.items()
            if one.goes and one.whose
        ],
    )
    return [*KINDS, leftovers]


def register() -> None:
    """Say what tables hold of members, how long it is kept, what a hold keeps, what stands before erasing."""
    personal.add(ours.PERSONAL, ours.FREE, also=ours.ALSO, standing=erasing.standing)
    retention.add(kinds())
    retention.HOLDS.append(held)
    personal.STANDING.append(standing)
