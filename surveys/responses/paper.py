"""Paper forms: typed in one by one, or taken in as a table, which is looked over first and taken once."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import Member
from compensation.shop_import.convert import text_of
from compensation.shop_import.errors import FileError
from compensation.shop_import.maps import Source
from compensation.shop_import.readers import Row, rows
from config.common.errors import DomainError, Invalid, WrongState
from config.common.events import record
from config.common.models import User
from surveys.campaigns.waves import wave_at
from surveys.models import (
    Campaign,
    CampaignState,
    Invitation,
    Occasion,
    PaperFile,
    Question,
    QuestionKind,
    Response,
    SurveyVersion,
    Way,
)
from surveys.questionnaires.queries import current, questions_of
from surveys.responses import commands, rules
from surveys.responses.errors import AlreadyAnswered
from surveys.responses.places import Place
from surveys.responses.rules import FILED, BadAnswers

MOST, LARGEST, MOST_FAULTS = 2_000, 5_000_000, 100
LONGEST = 40
"""Characters of a form's number."""
NUMBER, MEMBER = "form number", "member number"
"""The columns that are no question: what stands on the form, and whose it is, where that is known."""
YES = {"1", "true", "yes", "y", "on", "是"}
ZIP = b"PK"
MARKS = ";；|、"
"""What stands between several choices in one cell."""


class TakenBefore(WrongState):
    """The same table was taken in already."""

    code = "taken_before"
    default = gettext_lazy("This table was taken in before.")


class NoPaper(WrongState):
    """The campaign takes no paper forms."""

    code = "no_paper"
    default = gettext_lazy(
        "Only a campaign for whoever follows the link takes paper forms, once it was launched."
    )


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its number, whose it is, and what was answered, by the question's code."""

    line: int
    number: str
    member: Member | None
    answers: dict[str, Any]


@dataclass(slots=True)
class Looked:
    """A table that was looked over: its forms, and by line what is wrong."""

    sha256: str
    name: str
    forms: list[Form] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def asked(campaign: Campaign) -> SurveyVersion:
    """What a paper form of a campaign asks.

    Raises:
        NoPaper: it takes none.
    """
    version = current(campaign.survey)
    if campaign.occasion != Occasion.OPEN or campaign.state == CampaignState.DRAFT or version is None:
        raise NoPaper
    return version


def columns(questions: Sequence[Question]) -> list[str]:
    """The columns of a table of forms, in their order."""
    return [NUMBER, MEMBER, *(column for question in questions for column in _columns(question))]


def _columns(question: Question) -> list[str]:
    parts = [f"{question.code}.{choice.code}" for choice in question.choices.all()]
    if question.kind in FILED:
        return []
    if question.kind in {QuestionKind.MATRIX, QuestionKind.RANKING}:
        return parts
    if question.kind == QuestionKind.KANO:
        return [f"{question.code}.so", f"{question.code}.not"]
    if any(choice.takes_text for choice in question.choices.all()):
        return [question.code, f"{question.code}.text"]
    return [question.code]


def look(*, campaign: Campaign, upload: "File[bytes]") -> Looked:
    """Read a table and check each form, without keeping anything.

    Raises:
        NoPaper: see `asked`.
        Invalid: it is no table, has not the columns, or too many rows.
    """
    questions = list(questions_of(asked(campaign).pk))
    upload.seek(0)
    data = upload.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Invalid(_("The file is larger than %(most)s MB.") % {"most": LARGEST // 1_000_000})
    found = Looked(hashlib.sha256(data).hexdigest(), (upload.name or "")[:120])
    seen: dict[str, int] = {}
    with NamedTemporaryFile(suffix=".xlsx" if data.startswith(ZIP) else ".csv") as file:
        file.write(data)
        file.flush()
        try:
            for row in _read(Path(file.name), columns(questions)):
                _take(row, questions, found, seen)
        except FileError as error:
            raise Invalid(str(error).replace(Path(file.name).name, found.name)) from error
    if not found.forms and not found.faults:
        raise Invalid(_("There is no form in the table."))
    _members(campaign, found)
    return found


def _read(path: Path, wanted: Sequence[str]) -> Iterator[Row]:
    needed = {column for column in wanted if column != MEMBER}
    for count, row in enumerate(rows(path, Source(path.name), needed), start=1):
        if count > MOST:
            raise Invalid(_("A table holds up to %(most)s forms.") % {"most": MOST})
        yield row


def _take(row: Row, questions: Sequence[Question], found: Looked, seen: dict[str, int]) -> None:
    number = text_of(row.cells.get(NUMBER)).strip()
    fault = row.fault
    if not fault and not 0 < len(number) <= LONGEST:
        fault = _("The form has no number, or one that is too long.")
    elif number in seen:
        fault = _("The same number as in line %(line)s.") % {"line": seen[number]}
    answers = (
        {} if fault else {one.code: _answer(one, row.cells) for one in questions if one.kind not in FILED}
    )
    if not fault:
        seen[number] = row.line
        fault = _fault(questions, answers)
    if fault:
        if len(found.faults) < MOST_FAULTS:
            found.faults.append((row.line, fault))
        return
    found.forms.append(Form(row.line, number, _named(row), answers))


def _named(row: Row) -> Member | None:
    """Whom a form names, by their number in the shop alone; who they are is looked up for all together."""
    known = text_of(row.cells.get(MEMBER)).strip()
    return Member(external_id=known) if known else None


def _answer(question: Question, cells: Mapping[str, Any]) -> Any:
    def cell(name: str) -> str:
        return text_of(cells.get(name)).strip()

    if question.kind in {QuestionKind.MATRIX, QuestionKind.RANKING, QuestionKind.KANO}:
        parts = {name.partition(".")[2]: cell(name) for name in _columns(question)}
        return {part: value for part, value in parts.items() if value} or ""
    if question.kind in {QuestionKind.SINGLE, QuestionKind.MULTIPLE}:
        text = cell(question.code)
        for mark in MARKS[1:]:
            text = text.replace(mark, MARKS[0])
        picked = [one.strip() for one in text.split(MARKS[0]) if one.strip()]
        other = cell(f"{question.code}.text")
        return {"picked": picked, "text": other} if picked and other else picked or ""
    value = cell(question.code)
    if question.kind == QuestionKind.CONSENT:
        return "1" if value.lower() in YES else ""
    return value.partition(" ")[0] if question.kind == QuestionKind.DATE else value


def _fault(questions: Sequence[Question], answers: Mapping[str, Any]) -> str:
    try:
        rules.read(questions, answers, {})
    except BadAnswers as error:
        return "; ".join(f"{code}: {problem}" for code, problem in error.problems.items())
    except Invalid as error:
        return str(error)
    return ""


def _members(campaign: Campaign, found: Looked) -> None:
    """Look the named members up; an anonymous campaign keeps none, so that no form may name one."""
    named = {form.member.external_id for form in found.forms if form.member}
    known = {one.external_id: one for one in Member.objects.filter(external_id__in=named, erased_at=None)}
    forms = []
    for form in found.forms:
        wanted = form.member.external_id if form.member else ""
        if wanted and campaign.is_anonymous:
            found.faults.append((form.line, _("The campaign is anonymous: leave the member out.")))
        elif wanted and wanted not in known:
            found.faults.append((form.line, _("There is no such member: %(member)s") % {"member": wanted}))
        else:
            forms.append(Form(form.line, form.number, known.get(wanted), form.answers))
    found.forms = forms
    found.faults = sorted(found.faults)[:MOST_FAULTS]


@transaction.atomic
def take(*, campaign_id: int, looked: Looked, actor: User, at: datetime) -> PaperFile:
    """Take in all forms of a table that was looked over, or none.

    Raises:
        Invalid: something is wrong with it, a form was typed in before, or there are more than were wanted.
        TakenBefore: it was taken in already.
    """
    campaign = Campaign.objects.select_for_update(no_key=True, of=("self",)).get(pk=campaign_id)
    if looked.faults:
        raise Invalid(_("Some forms cannot be taken: mend the table and send it again."))
    file, is_new = PaperFile.objects.get_or_create(
        campaign=campaign,
        sha256=looked.sha256,
        defaults={
            "name": looked.name,
            "rows": len(looked.forms),
            "taken_on": at.astimezone(ZoneInfo(settings.TIME_ZONE)).date(),
            "taken_by": actor,
        },
    )
    if not is_new:
        raise TakenBefore
    version = asked(campaign)
    forms = list(looked.forms)
    if campaign.is_anonymous:  # the order of the table is nobody's business
        secrets.SystemRandom().shuffle(forms)
    for form in forms:
        try:
            _keep(campaign, version, form, at)
        except DomainError as error:
            raise Invalid(_("Line %(line)s: %(why)s") % {"line": form.line, "why": error}) from error
    record("survey.paper_taken", campaign, actor=actor, at=at, file=file.pk, forms=len(forms))
    return file


@transaction.atomic
def enter(
    *,
    campaign: Campaign,
    number: str,
    answers: Mapping[str, Any],
    member: Member | None,
    actor: User,
    at: datetime,
) -> Response:
    """Take in one form that somebody typed.

    Raises:
        NoPaper: see `asked`.
        Invalid: it has no number, or names a member of an anonymous campaign.
        AlreadyAnswered: it was typed in before.
        BadAnswers, QuotaFull: see commands.answer.
    """
    version = asked(campaign)
    if not 0 < len(number) <= LONGEST:
        raise Invalid(_("The form has no number, or one that is too long."))
    if member is not None and campaign.is_anonymous:
        raise Invalid(_("The campaign is anonymous: leave the member out."))
    response = _keep(campaign, version, Form(0, number, member, dict(answers)), at)
    if not campaign.is_anonymous:
        record("survey.paper_entered", campaign, actor=actor, at=at, response=response.pk)
    return response


def _keep(campaign: Campaign, version: SurveyVersion, form: Form, at: datetime) -> Response:
    key = f"paper:{form.number}"
    wave = wave_at(campaign, at)
    if Invitation.objects.filter(wave=wave, key=key).exists():
        raise AlreadyAnswered(_("Form %(number)s was taken in before.") % {"number": form.number})
    token = key if campaign.is_anonymous else secrets.token_urlsafe(32)
    place = Place(
        token=f"{campaign.pk}:{token}",
        wave=wave,
        version_id=version.pk,
        is_anonymous=campaign.is_anonymous,
        way=Way.PAPER,
    )
    return commands.answer_here(place=place, answers=form.answers, at=at, member=form.member, key=key)
