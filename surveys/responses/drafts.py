"""What is answered so far: kept as one goes, and sent when one says so. A draft counts as no answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from config.common.parsing import is_plain
from feedback.attachments.commands import inspect_all, kept_with_the_transaction, remove_unless_kept
from feedback.attachments.rules import BadFile, Clean
from surveys.invitations import links
from surveys.models import Draft, DraftFile, Invitation, Question, QuestionKind
from surveys.responses.bare import bare
from surveys.responses.errors import AlreadyAnswered
from surveys.responses.places import Place, hold
from surveys.responses.rules import FILED, most_files

LARGEST = 20_000
"""Characters of one question's answer as it is kept."""
SORT = {QuestionKind.PICTURE: "image/", QuestionKind.VOICE: "audio/"}


def of(place: Place) -> Draft | None:
    """The draft of a link."""
    return Draft.objects.filter(key=place.key).first()


def begun(rows: Iterable[Invitation]) -> set[int]:
    """Those among some invitations that are half answered. One query."""
    keys = {links.draft_key(links.token(one.nonce)): one.pk for one in rows}
    return {keys[key] for key in Draft.objects.filter(key__in=list(keys)).values_list("key", flat=True)}


def files_of(place: Place) -> dict[str, list[DraftFile]]:
    """The files of a draft by the question's code, in the order in which they came."""
    found: dict[str, list[DraftFile]] = {}
    for file in DraftFile.objects.filter(draft=place.key):
        found.setdefault(file.question, []).append(file)
    return found


@transaction.atomic
def save(
    *, place: Place, questions: Sequence[Question], answers: Mapping[str, Any], last: str = "", at: datetime
) -> Draft:
    """Keep what was answered so far, beside what was kept before; "" takes an answer back.

    Raises:
        AlreadyAnswered: it was sent off.
        Invalid: a question that was not asked, or an answer that is too long or cannot be kept.
    """
    known = {question.code: question for question in questions}
    for code, value in answers.items():
        if code not in known or known[code].kind in FILED:
            raise Invalid(_("This question was not asked."))
        if not is_plain(value):
            raise Invalid(_("A sign in it is none that a text has."))
        if len(json.dumps(value, ensure_ascii=False)) > LARGEST:
            raise Invalid(_("Please keep it shorter."))
    draft = _open(place, at)
    draft.answers = {**draft.answers, **answers}
    draft.last = last or draft.last
    draft.saved_on = _day(at)
    draft.save()
    return draft


def _open(place: Place, at: datetime) -> Draft:
    """The draft of a link, held; a new one where there is none."""
    hold(place.key)
    if place.is_spent():
        raise AlreadyAnswered
    draft = of(place)
    if draft is None:
        draft = Draft(
            key=place.key,
            wave=place.wave,
            version_id=place.version_id,
            invitation=None if place.is_anonymous else place.invitation,
            saved_on=_day(at),
        )
        draft.save(force_insert=True)
    return draft


@kept_with_the_transaction()
def add_files(
    *, place: Place, question: Question, uploads: Sequence["File[bytes]"], at: datetime
) -> list[DraftFile]:
    """Keep files with a draft: looked at, pictures drawn anew; for an anonymous one also without names.

    Raises:
        AlreadyAnswered: it was sent off.
        BadFile: it is not taken, not of the kind that the question asks for, or one too many.
    """
    cleaned = [_fitting(question, one, place) for one in inspect_all(uploads)]
    return _keep(place, question, cleaned, at)


def _fitting(question: Question, clean: Clean, place: Place) -> Clean:
    if not clean.content_type.startswith(SORT[QuestionKind(question.kind)]):
        raise BadFile(
            _("Please send a picture.")
            if question.kind == QuestionKind.PICTURE
            else _("Please send a recording.")
        )
    return bare(clean) if place.is_anonymous else clean


@transaction.atomic
def _keep(place: Place, question: Question, files: Sequence[Clean], at: datetime) -> list[DraftFile]:
    draft = _open(place, at)
    most = most_files(question)
    if draft.files.filter(question=question.code).count() + len(files) > most:
        raise BadFile(_("At most %(most)s files, please.") % {"most": most})
    rows = []
    for clean in files:
        row = DraftFile(
            draft=draft,
            question=question.code,
            folder=int(f"{_day(at):%Y%m%d}"),
            name=clean.name,
            content_type=clean.content_type,
            size=len(clean.data),
            sha256=clean.sha256,
        )
        row.file.save("", ContentFile(clean.data), save=False)
        remove_unless_kept(str(row.file.name))
        row.save()
        rows.append(row)
    return rows


@transaction.atomic
def drop_files(*, place: Place, refs: Iterable[str]) -> None:
    """Take files back that were kept with a draft; those that are not there are passed over."""
    hold(place.key)
    wanted = set(refs)
    for row in DraftFile.objects.filter(draft=place.key):
        if str(row.ref) in wanted:
            row.delete()
            delete_later(str(row.file.name))


def delete_later(name: str) -> None:
    """Delete a file when the transaction is committed."""
    transaction.on_commit(lambda: default_storage.delete(name))


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
