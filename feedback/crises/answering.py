"""The first answer to the cases of a crisis: by template, in the member's language, once a case.

It tells the member that we know. It meets no clock: a person still has to answer in time.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from compensation.notices.commands import Telling, notify_all
from config.common import bulk
from config.common.errors import Invalid
from config.common.events import Happening, record_all
from feedback.cases import outgoing, telling
from feedback.cases import rules as cases
from feedback.knowledge.queries import nearest
from feedback.models import Author, Case, Crisis, CrisisCase, Language, Message, Template
from feedback.playbooks import texts

AT_ONCE = 200
NAMES = ("member.name", "member.tier", "case.number", "case.subject", "case.department", "today")
"""What a first answer may name: every case has these, and they cost nothing to look up for many."""
NOT_ALL_HAVE = gettext_lazy(
    "The template names what not every case has: %(names)s. A first answer may name: %(known)s."
)


def templates_of(code: str) -> dict[str, Template]:
    """The template of a first answer in each language that it is written in.

    Raises:
        Invalid: there is none in use, or it names what not every case has.
    """
    found = {one.language: one for one in Template.objects.filter(code=code, is_active=True)}
    if not found:
        raise Invalid(_("There is no such reply template in use."))
    named = {name for one in found.values() for name in texts.VARIABLE.findall(one.body)}
    if missing := sorted(named - set(NAMES)):
        raise Invalid(NOT_ALL_HAVE % {"names": ", ".join(missing), "known": ", ".join(NAMES)})
    return found


def answer_all(*, at: datetime) -> int:
    """Send the first answers that are due; gives how many."""
    sent = 0
    due = CrisisCase.objects.filter(answer_due=True, is_live=True)
    for pk in due.order_by("crisis").distinct().values_list("crisis", flat=True):
        while count := answer_next(crisis_id=pk, at=at):
            sent += count
    return sent


@transaction.atomic
def answer_next(*, crisis_id: int, at: datetime, limit: int = AT_ONCE) -> int:
    """Answer the next cases that nobody else holds; gives how many were looked at.

    Who was answered by a person, resolved or erased in the meantime gets none.
    """
    crisis = Crisis.objects.filter(pk=crisis_id).first()
    rows = CrisisCase.objects.filter(crisis=crisis_id, answer_due=True, is_live=True).order_by("pk")
    ids = list(rows.values_list("case", flat=True)[:limit])
    held = (
        Case.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("member__tier", "department")
        .filter(pk__in=ids)
        .order_by("pk")
    )
    locked = {case.pk: case for case in held}
    due = list(rows.filter(case__in=locked).select_for_update(of=("self",)))
    if crisis is None or not due:
        return 0
    try:
        written = templates_of(crisis.answer)
    except Invalid:  # put out of use since: whoever is in charge chooses another
        CrisisCase.objects.filter(pk__in=[row.pk for row in due]).update(answer_due=False)
        return len(due)
    wanted = [(row, locked[row.case_id]) for row in due if _wants(locked[row.case_id])]
    _send(crisis, wanted, written, at)
    CrisisCase.objects.filter(pk__in=[row.pk for row in due]).update(answer_due=False)
    return len(due)


def _wants(case: Case) -> bool:
    return (
        case.first_replied_at is None
        and case.status in cases.WORKED
        and case.merged_into_id is None
        and case.member.erased_at is None
    )


def _send(
    crisis: Crisis, wanted: Sequence[tuple[CrisisCase, Case]], written: dict[str, Template], at: datetime
) -> None:
    if not wanted:
        return
    messages = Message.objects.bulk_create(
        Message(case=case, author=Author.SYSTEM, body=_text(case, written, at), at=at)
        for _row, case in wanted
    )
    tellings = []
    for (row, case), message in zip(wanted, messages, strict=True):
        row.message, row.answered_at = message, at
        case.last_message_at, case.last_author = at, Author.SYSTEM
        case.last_message = cases.first_words(message.body)
        case.version += 1
        outgoing.send(case, message, at=at)
        if not outgoing.is_watched(case):
            tellings.append(_telling(case, message))
    bulk.update(CrisisCase, [row for row, _case in wanted], ["message", "answered_at"])
    bulk.update(
        Case,
        [case for _row, case in wanted],
        ["last_message_at", "last_message", "last_author", "version"],
    )
    record_all(
        Happening("case.crisis_answered", case, at, None, {"crisis": crisis.pk, "message": message.pk})
        for (_row, case), message in zip(wanted, messages, strict=True)
    )
    notify_all(tellings, at=at)


def _telling(case: Case, message: Message) -> Telling:
    with translation.override(case.member.language):
        title = _("We have replied to your case %(number)s") % {"number": case.number}
    return Telling(
        member=case.member,
        kind="case.replied",
        key=f"case:{case.pk}:crisis:{message.pk}",
        title=title,
        body=message.body,
        path=telling.page(case.pk),
        send=not outgoing.reaches(case),
    )


def _text(case: Case, written: dict[str, Template], at: datetime) -> str:
    language = nearest(case.language or case.member.language)
    template = written.get(language) or next(iter(written.values()))
    with translation.override(template.language):
        values = {
            "member.name": case.member.name or pgettext("to somebody whose name we do not know", "customer"),
            "member.tier": str(case.member.tier),
            "case.number": case.number,
            "case.subject": case.subject,
            "case.department": str(case.department),
            "today": date_format(timezone.localtime(at), texts.DAY_FORMAT[Language(template.language)]),
        }
    return texts.fill(template.body, values).text
