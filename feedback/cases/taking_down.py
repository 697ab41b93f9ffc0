"""Cases that staff write down: somebody at the counter, on a telephone that tells us nothing, elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.core.files.base import File
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from compensation.members.commands import guest
from compensation.models import Member, Order
from config.common.errors import Invalid, NotFound
from config.common.models import User
from feedback.attachments.commands import kept_with_the_transaction
from feedback.cases.opening import open_case
from feedback.cases.rules import WORKED, required_text
from feedback.cases.talking import reply
from feedback.cases.working import claim
from feedback.models import Case, CaseKind, Channel, Department, Priority
from feedback.org.queries import agent_of, may_work_in

BY_HAND = (Channel.PHONE, Channel.WALK_IN, Channel.MARKETPLACE, Channel.SOCIAL)
"""The ways on which members reach us without our being told."""
KINDS = tuple(kind for kind in CaseKind if kind != CaseKind.REVIEW)
"""What a person can say that a case is about; the cases that follow up reviews are made from them."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whom the case is of: a member that we know, or a stranger by contact and name."""

    member_id: int | None = None
    phone: str = ""
    email: str = ""
    name: str = ""


@kept_with_the_transaction()
@transaction.atomic
def take_down(
    *,
    who: Somebody,
    kind: CaseKind,
    channel: Channel,
    subject: str,
    body: str,
    answer: str = "",
    order_id: int | None = None,
    department_id: int | None = None,
    priority: Priority = Priority.NORMAL,
    attachments: Sequence["File[bytes]"] = (),
    takes: bool = False,
    key: str,
    actor: User,
    at: datetime,
) -> Case:
    """Open a case of what a member said to us, and keep what they were answered at once.

    `answer` is what they were told there and then: it stands in the case as our reply, and makes it the
    agent's own. With `takes` the agent keeps the case, unless it goes to a department where they do not work.
    The same `key` again gives the case that it opened before.

    Raises:
        NotFound: there is no such member, order or department.
        Invalid: nobody to open it for; text that is missing or too long; an order of somebody else; a kind,
            channel or priority that is not for this; a department that takes no cases.
        BadTone: the answer says what a rule of tone blocks.
        BadFile: an attachment that is not taken.
        KeyReused: the key came before with other content.
    """
    if kind not in KINDS or channel not in BY_HAND:
        raise Invalid(_("There is no such kind, channel or priority."))
    body = required_text(body)
    case = open_case(
        member=_member(who, key, at),
        kind=kind,
        channel=channel,
        subject=subject,
        body=body,
        department=_row(Department, department_id),
        order=_row(Order, order_id),
        priority=priority,
        attachments=attachments,
        idempotency_key=key,
        actor=actor,
        at=at,
    )
    if answer.strip():
        reply(case_id=case.pk, body=answer, key=key, actor=actor, at=at)
    elif takes:
        _take(case, actor, at)
    return Case.objects.select_related("member__tier", "order", "department", "agent__user").get(pk=case.pk)


def _take(case: Case, actor: User, at: datetime) -> None:
    """Let the agent have it, where they can."""
    agent = agent_of(actor)
    if agent is not None and case.status in WORKED and may_work_in(agent, case.department_id):
        claim(case_id=case.pk, actor=actor, at=at)


def _member(who: Somebody, key: str, at: datetime) -> Member:
    if who.member_id is not None:
        found = Member.objects.select_related("tier").filter(pk=who.member_id, erased_at=None).first()
        if found is None:
            raise NotFound
        return found
    if not (who.phone or who.email or who.name).strip():
        raise Invalid(_("Say who it is: a phone number, an e-mail address or at least a name."))
    origin = "" if who.phone or who.email else f"by-hand:{key}"
    return guest(phone=who.phone, email=who.email, name=who.name, origin=origin, at=at)


Row = TypeVar("Row", bound=Model)


def _row(model: type[Row], pk: int | None) -> Row | None:
    if pk is None:
        return None
    found = model._default_manager.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
