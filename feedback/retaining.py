"""How long this app keeps what, and by which law."""

import shutil
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common import personal, retention
from config.common.retention import Kind, Part
from feedback import personal as ours
from feedback.cases import erasing
from feedback.holds.queries import held, standing
from feedback.intake.running import folder_of
from feedback.models import CaseStatus, ImportStatus

YEAR = 365
CLOSED = "case__closed_at"
ENDED = Q(case__status=CaseStatus.CLOSED)
CHATTED = Q(case__chat__isnull=False)
DISPUTE = _("Civil Code, article 188: claims lapse after three years.")
SHORTEST = _("Personal Information Protection Law, article 19: no longer than the purpose needs.")


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
