"""Making two cases of one: from a message onwards, it is a case of its own."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from config.common import idempotency
from config.common.errors import Invalid
from config.common.events import record
from config.common.models import User
from feedback.cases import rules, telling
from feedback.cases.locking import lock, save, work_begins
from feedback.clocks import commands as clocks
from feedback.clocks import joining
from feedback.models import Author, Case, CaseKind, CaseLink, Channel, ChannelMessage, LinkKind, Message

LAST = ("last_message_at", "last_message", "last_author")


@transaction.atomic
def split(
    *,
    case_id: int,
    message_id: int,
    subject: str,
    kind: str = "",
    key: str | None = None,
    actor: User,
    at: datetime,
) -> Case:
    """Take everything that was said from a message on out into a new case; gives the new one, linked.

    It counts as opened when the member said the first of it. Its clocks run from when the member spoke, so
    that nothing is won by splitting; those of the old case go on, but for a reply that only the part taken
    out was waiting for. Letters go with what they say, so that they are answered where they are read; a part
    of a chat is answered in the portal.

    Raises:
        Invalid: no subject, no such kind or message, nothing that the member said, or nothing left over.
        MoveNotAllowed: the case is resolved or closed.
        Merged: another case goes on in its place.
        KeyReused: the key came before with other content.
    """
    subject = rules.clean_line(subject)
    if kind and kind not in CaseKind.values:
        raise Invalid(_("There is no such kind, channel or priority."))
    lock(case_id)

    def perform() -> Case:
        case = lock(case_id)
        rules.check_worked(case.status)
        part = _part(case, message_id)
        return _split(case, part, {"subject": subject, "kind": kind or case.kind}, actor, at)

    if key is None:
        return perform()
    content = {"message": message_id, "subject": subject, "kind": kind}
    scope = f"split:{case_id}:{actor.pk}"
    return idempotency.once(scope=scope, key=key, content=content, model=Case, perform=perform)[0]


def _split(case: Case, part: QuerySet[Message], about: dict[str, str], actor: User, at: datetime) -> Case:
    said = list(part.filter(is_public=True).order_by("at", "pk"))
    first = next((message for message in said if message.author == Author.MEMBER), None)
    if first is None:
        raise Invalid(_("Nothing in this part was said by the member."))
    new = Case.objects.create(
        member=case.member,
        order=case.order,
        channel=Channel.PORTAL if case.channel == Channel.CHAT else case.channel,
        priority=case.priority,
        department=case.department,
        agent=case.agent,
        opened_at=first.at,
        queued_at=at,
        skill=case.skill,
        **about,
    )
    part.update(case=new, said_in=Coalesce(F("said_in_id"), case.pk))
    ChannelMessage.objects.filter(message__case=new).update(case=new)
    CaseLink.objects.create(case=case, other=new, kind=LinkKind.SPLIT, by=actor, at=at)
    record(
        "case.opened",
        new,
        actor=actor,
        at=at,
        to=new.status,
        department=new.department_id,
        case_kind=new.kind,
        channel=new.channel,
        priority=int(new.priority),
        split_from=case.pk,
    )
    _begin(new, said, first, actor=actor)
    _leave(case, new, actor=actor, at=at)
    telling.tell(new, "split", telling.SPLIT, old_number=case.number, at=at)
    return new


def _part(case: Case, message_id: int) -> QuerySet[Message]:
    """What was said from that message on, when something is left before it."""
    thread = Message.objects.filter(case=case)
    first = thread.filter(pk=message_id).first()
    if first is None:
        raise Invalid(_("This message is not in the case."))
    onwards = Q(at__gt=first.at) | Q(at=first.at, pk__gte=first.pk)
    if not thread.exclude(onwards).filter(is_public=True).exists():
        raise Invalid(_("Nothing would be left: there is no earlier message."))
    return thread.filter(onwards)


def _begin(new: Case, said: list[Message], first: Message, *, actor: User) -> None:
    """Let the clocks run as they would have, had the messages since `first` been a case of their own."""
    clocks.start_for_case(new, actor=actor, at=first.at)
    spoke = Author.MEMBER
    for message in said[said.index(first) + 1 :]:
        if message.author == spoke:
            continue
        spoke = Author(message.author)
        if spoke == Author.MEMBER:
            clocks.member_spoke(new, at=message.at, actor=actor)
        else:
            new.first_replied_at = new.first_replied_at or message.at
            clocks.replied(new, actor=actor, at=message.at)
    if new.agent_id is not None or new.first_replied_at is not None:
        work_begins(new)
    _remember(new, said[-1])
    save(new, "first_replied_at", *LAST)


def _leave(case: Case, new: Case, *, actor: User, at: datetime) -> None:
    last = Message.objects.filter(case=case, is_public=True).order_by("-at", "-pk").first()
    _remember(case, last)
    save(case, *LAST)
    record("case.split", case, actor=actor, at=at, case=new.pk)
    if last is not None and last.author != Author.MEMBER:
        joining.part_left(case, actor=actor, at=at)


def _remember(case: Case, message: Message | None) -> None:
    """Keep the last public message for the lists."""
    case.last_message_at = message.at if message else None
    case.last_message = rules.first_words(message.body) if message else ""
    case.last_author = message.author if message else ""
