"""How a case begins."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order, OrderLine
from config.common import idempotency
from config.common.errors import Invalid
from config.common.events import record, reference
from feedback.attachments.commands import attach, inspect_all, kept_with_the_transaction
from feedback.attachments.rules import Clean
from feedback.cases import rules, telling
from feedback.cases.locking import Actor
from feedback.clocks import commands as clocks
from feedback.models import Author, Case, CaseKind, Channel, Department, Message, Priority
from feedback.org.receiving import Received, department_for


@kept_with_the_transaction()
@transaction.atomic
def open_case(
    *,
    member: Member,
    kind: CaseKind,
    channel: Channel,
    subject: str,
    body: str = "",
    department: Department | None = None,
    order: Order | None = None,
    priority: Priority = Priority.NORMAL,
    category: str = "",
    language: str = "",
    attachments: Sequence["File[bytes]"] = (),
    key: str | None = None,
    idempotency_key: str | None = None,
    tells: bool = True,
    actor: Actor,
    at: datetime,
) -> Case:
    """Open a case of a member and start its clocks.

    `key` names the one reason that a case is opened for, such as "gap:12": the case that it led to before
    is given again. `idempotency_key` is a client's own, against sending twice. What a member of staff
    writes here are the member's words, taken down; without an actor they are ours. Without a department
    the department rules choose one; without a `category` it is that of the order's first product, without a
    `language` that of the member.

    Raises:
        Invalid: text that is missing or too long, an order of somebody else, a department that takes no
            cases, a kind, channel or priority that is on no list.
        BadFile: an attachment that is not taken.
        KeyReused: the client's key came before with other content.
    """
    if not (kind in CaseKind.values and channel in Channel.values and priority in Priority.values):
        raise Invalid(_("There is no such kind, channel or priority."))
    subject, body = rules.clean_line(subject), rules.clean_text(body)
    category, language = category or category_of(order), language or member.language
    received = (
        Received(department)
        if department
        else department_for(
            kind=kind,
            channel=channel,
            priority=priority,
            tier=member.tier.code,
            category=category,
            language=language,
            subject=subject,
            body=body,
            member_id=member.pk,
        )
    )
    department = received.department
    _check(department, order, member)
    files = inspect_all(attachments)

    def create() -> Case:
        case = Case.objects.create(
            key=key,
            member=member,
            order=order,
            kind=kind,
            channel=channel,
            priority=priority,
            subject=subject,
            category=category,
            language=language,
            department=department,
            department_rule=received.rule,
            skill=received.skill,
            opened_at=at,
            queued_at=at,
        )
        _first_message(case, body, files, actor, at)
        record(
            "case.opened",
            case,
            actor=actor,
            at=at,
            to=case.status,
            department=department.pk,
            case_kind=kind,
            channel=channel,
            priority=priority,
            **received.why(),
        )
        clocks.start_for_case(case, actor=actor, at=at)
        if tells:
            telling.tell(
                case, "received", telling.RECEIVED, body=telling.RECEIVED_BODY, department=department, at=at
            )
        return case

    if key is not None:
        return idempotency.once(scope="case", key=key, content=None, model=Case, perform=create)[0]
    if idempotency_key is not None:
        content = {
            "kind": kind,
            "channel": channel,
            "subject": subject,
            "body": body,
            "order": order.pk if order else None,
            "files": [clean.sha256 for clean in files],
        }
        scope = f"open_case:{reference(actor)}:{member.pk}"
        return idempotency.once(
            scope=scope, key=idempotency_key, content=content, model=Case, perform=create
        )[0]
    return create()


def _check(department: Department, order: Order | None, member: Member) -> None:
    if not department.is_active:
        raise Invalid(_("%(department)s takes no cases.") % {"department": department})
    if order is not None and order.member_id != member.pk:
        raise Invalid(_("This order is not the member's own."))


def category_of(order: Order | None) -> str:
    """The product category of what is first in an order."""
    if order is None:
        return ""
    lines = OrderLine.objects.filter(order=order).exclude(product__category="")
    return lines.order_by("pk").values_list("product__category", flat=True).first() or ""


def _first_message(case: Case, body: str, files: Sequence[Clean], actor: Actor, at: datetime) -> None:
    if not (body or files):
        return
    author = Author.SYSTEM if actor is None else Author.MEMBER
    message = Message.objects.create(case=case, author=author, body=body, at=at)
    attach(message, files)
    case.last_message_at, case.last_message, case.last_author = at, rules.first_words(body), author
    case.save(update_fields=["last_message_at", "last_message", "last_author"])
