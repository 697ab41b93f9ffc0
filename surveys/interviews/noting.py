"""What is kept of an interview: notes, a recording where it was agreed to, passages with themes and needs."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, Stale, WrongState
from config.common.events import record
from config.common.models import User
from surveys.interviews.commands import held
from surveys.models import Evidence, Interview, InterviewState, Passage, Theme
from surveys.needs import commands as needs

NOTES, TEXT, LINK = 20_000, 2_000, 300
NOTED = (InterviewState.ARRANGED, InterviewState.HELD, InterviewState.MISSED)


class NoConsent(WrongState):
    """Nothing is recorded of whoever has not agreed."""

    code = "no_consent"
    default = _("The member has not agreed to a recording. Ask first.")


@transaction.atomic
def write(*, interview_id: int, text: str, version: int, actor: User, at: datetime) -> Interview:
    """Keep the notes, if nobody else wrote since `version`.

    Raises:
        Stale: somebody did; `details` hold what stands there now.
        WrongState: nothing is arranged yet.
        Invalid: too long.
    """
    interview = _held(interview_id)
    text = _cleaned(text, NOTES)
    if interview.notes == text:
        return interview
    if interview.notes_version != version:
        raise Stale(None, notes=interview.notes, version=interview.notes_version)
    interview.notes, interview.notes_version = text, version + 1
    interview.save(update_fields=["notes", "notes_version"])
    record("interview.noted", interview, actor=actor, at=at, version=interview.notes_version)
    return interview


@transaction.atomic
def agree(*, interview_id: int, agrees: bool, actor: User, at: datetime) -> Interview:
    """Note that the member agreed to a recording, or no longer does: then its link goes."""
    interview = _held(interview_id)
    interview.consented_at = (interview.consented_at or at) if agrees else None
    if not agrees:
        interview.recording = ""
    interview.save(update_fields=["consented_at", "recording"])
    record("interview.agreed", interview, actor=actor, at=at, agrees=agrees)
    return interview


@transaction.atomic
def keep_recording(*, interview_id: int, link: str, actor: User, at: datetime) -> Interview:
    """Keep where the recording is; empty takes it away.

    Raises:
        NoConsent: the member has not agreed.
        Invalid: it is no address.
    """
    interview = _held(interview_id)
    link = link.strip()
    if link and interview.consented_at is None:
        raise NoConsent
    if link:
        try:
            URLValidator(schemes=["https", "http"])(link)
        except ValidationError as error:
            raise Invalid(_("This is no address of a recording."), field="recording") from error
    if len(link) > LINK:
        raise Invalid(_("This is no address of a recording."), field="recording")
    interview.recording = link
    interview.save(update_fields=["recording"])
    record("interview.recorded", interview, actor=actor, at=at, is_kept=bool(link))
    return interview


@transaction.atomic
def add_passage(
    *,
    interview_id: int,
    text: str,
    themes: Collection[int] = (),
    needs_of: Collection[int] = (),
    actor: User | None,
    at: datetime,
) -> Passage:
    """Keep something that was said, with its themes and the needs that it speaks of.

    Raises:
        Invalid: nothing, or too much; a theme that there is none of.
        NotFound: a need that there is none of.
    """
    interview = _held(interview_id)
    text = _cleaned(text, TEXT)
    if not text:
        raise Invalid(_("Write what was said."), field="text")
    passage = Passage.objects.create(interview=interview, text=text)
    record("interview.passage", interview, actor=actor, at=at, passage=passage.pk)
    _code(passage, themes, needs_of, actor, at)
    return passage


@transaction.atomic
def code(
    *, passage_id: int, themes: Collection[int], needs_of: Collection[int], actor: User, at: datetime
) -> Passage:
    """Say anew what a passage is about: these themes, these needs, and no others.

    Raises:
        NotFound: there is no such passage or need.
        Invalid: a theme that there is none of.
    """
    passage = _passage(passage_id)
    _code(passage, themes, needs_of, actor, at)
    gone = Evidence.objects.filter(passage=passage).exclude(need__in=needs_of)
    for evidence in gone.exclude(need__merged__in=needs_of).order_by("pk"):
        record("need.unlinked", evidence.need, actor=actor, at=at, source="passage", row=passage.pk)
        evidence.delete()
    return passage


@transaction.atomic
def remove_passage(*, passage_id: int, actor: User, at: datetime) -> Interview:
    """Take a passage away, and what it spoke for.

    Raises:
        NotFound: there is none.
    """
    passage = _passage(passage_id)
    interview = passage.interview
    record("interview.passage_removed", interview, actor=actor, at=at, passage=passage.pk)
    passage.delete()
    return interview


def _passage(passage_id: int) -> Passage:
    found = Passage.objects.select_related("interview").filter(pk=passage_id).first()
    if found is None:
        raise NotFound
    held(found.interview_id)
    return found


def _code(
    passage: Passage, themes: Collection[int], needs_of: Collection[int], actor: User | None, at: datetime
) -> None:
    known = list(Theme.objects.filter(pk__in=themes))
    if len(known) != len(set(themes)):
        raise Invalid(_("There is no such theme."), field="themes")
    passage.themes.set(known)
    for need in sorted(set(needs_of)):
        needs.link(need_id=need, source="passage", row_id=passage.pk, actor=actor, at=at)


def _held(interview_id: int) -> Interview:
    interview = held(interview_id)
    if interview.state not in NOTED:
        raise WrongState(_("Nothing is arranged yet."))
    return interview


def _cleaned(text: str, limit: int) -> str:
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(text) > limit:
        raise Invalid(_("This is too long."), field="text")
    return text
