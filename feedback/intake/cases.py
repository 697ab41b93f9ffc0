"""Complaints and enquiries as a target of an import: each row opens a case, once and for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from compensation.members.commands import guest
from compensation.members.rules import clean_name, plausible_contact
from compensation.models import Member, Order
from compensation.shop_import.convert import FieldType, Type
from compensation.shop_import.targets import Item, Target, Written
from config.common.errors import DomainError, Invalid
from config.common.models import User
from feedback.cases.commands import open_case
from feedback.cases.rules import BODY_LENGTH, SUBJECT_LENGTH, clean_text, first_words
from feedback.models import (
    Case,
    CaseKind,
    Channel,
    ChannelMessage,
    Department,
    Direction,
    Message,
    Outcome,
    Priority,
)

KINDS = (CaseKind.COMPLAINT, CaseKind.ENQUIRY, CaseKind.REFUND, CaseKind.SUGGESTION)
PRIORITIES = {one.name.lower(): one for one in Priority}
TITLE = 80  # signs of the text that stand for a subject
BATCH = 50
Row = TypeVar("Row", Member, Order, Department)


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows of a batch name, looked up at once."""

    members: dict[str, Member]
    orders: dict[str, Order]
    departments: dict[str, Department]
    opened: set[str]


@dataclass(frozen=True, slots=True)
class CaseTarget(Target):
    """Cases: opened by the command that opens every case, so that clocks, routing and notices follow."""

    actor: User | None = None
    """Who brings the files in; None: nobody that is known, the words are put down as the member's."""

    def check(self, item: Item) -> None:
        """Reject a row that names nobody, or says nothing."""
        given = item.values
        phone = given.get("phone", "")
        if not any(given.get(name) for name in ("member", "phone", "email")):
            item.reject("", _("names nobody: give the member's number, a phone number or an e-mail address"))
        elif phone and ("@" in phone or not plausible_contact(phone)):
            item.reject("phone", _("is not a phone number"), phone)
        elif not clean_text(given["body"]):
            item.reject("body", _("is empty"))

    def write(self, items: Sequence[Item], at: datetime) -> Written:
        """Open a case for each row that led to none before; a row that is refused leaves nothing behind."""
        good = sorted((item for item in items if not item.fault), key=lambda item: item.key)
        known = _look_up(good)
        opened: list[int] = []
        for item in good:
            if item.values["external_id"] in known.opened:
                continue
            try:
                with transaction.atomic():
                    opened += self._open(item, known, at)
            except DomainError as error:
                field = str(error.details.get("field", ""))
                field = field if field in item.values else ""
                item.reject(field, str(error), str(item.values.get(field, "")))
            except Department.DoesNotExist:
                item.reject("", _("there is no department that takes it"))
        return Written(opened, len(opened), 0)

    def _open(self, item: Item, known: Known, at: datetime) -> list[int]:
        """Open the case of a row; gives none when another import did so at this moment.

        Raises:
            DomainError, Department.DoesNotExist: the row is refused; undo what was done for it.
        """
        given = item.values
        said_at = given.get("opened_at") or at
        if said_at > at:
            raise Invalid(_("lies ahead"), field="opened_at")
        order = _named(item, "order", known.orders)
        department = _named(item, "department", known.departments)
        member = _named(item, "member", known.members) or _behind_contact(item, at)
        if order is not None and order.member_id != member.pk:
            raise Invalid(_("is not the member's own order"), field="order")
        body = clean_text(given["body"])
        case = open_case(
            member=member,
            kind=CaseKind(given["kind"]),
            channel=Channel.FILE,
            subject=" ".join(clean_text(given.get("subject", "")).split()) or first_words(body, TITLE),
            body=body,
            department=department,
            order=order,
            priority=PRIORITIES[given.get("priority") or "normal"],
            key=f"{Channel.FILE}:{given['external_id']}",
            actor=self.actor or member,
            at=at,
        )
        # the key makes imports of one row wait for each other: whoever comes second sees the first one's row
        if ChannelMessage.objects.filter(channel=Channel.FILE, external_id=given["external_id"]).exists():
            return []
        ChannelMessage.objects.create(
            message=Message.objects.get(case=case),
            case=case,
            channel=Channel.FILE,
            direction=Direction.IN,
            external_id=given["external_id"],
            outcome=Outcome.TAKEN,
            sender=given.get("email") or given.get("phone") or "",
            sender_name=clean_name(given.get("name", "")),
            subject=case.subject,
            data={"file": item.file, "line": item.line},
            at=said_at,
        )
        return [case.pk]


def _look_up(items: Sequence[Item]) -> Known:
    def named(field: str) -> set[str]:
        return {item.values[field] for item in items if item.values.get(field)}

    before = ChannelMessage.objects.filter(channel=Channel.FILE, external_id__in=named("external_id"))
    members = Member.objects.filter(erased_at=None).select_related("tier")
    return Known(
        members=members.in_bulk(named("member"), field_name="external_id"),
        orders=Order.objects.in_bulk(named("order"), field_name="external_id"),
        departments=Department.objects.in_bulk(named("department"), field_name="code"),
        opened=set(before.values_list("external_id", flat=True)),
    )


def _named(item: Item, field: str, known: Mapping[str, Row]) -> Row | None:
    """The row that a field names, if it is filled."""
    number = item.values.get(field)
    if number and number not in known:
        raise Invalid(_("names nothing that is known here"), field=field)
    return known.get(number) if number else None


def _behind_contact(item: Item, at: datetime) -> Member:
    """Whoever has the phone number or the address, if need be somebody new."""
    contact = {name: item.values.get(name, "") for name in ("phone", "email", "name")}
    return guest(**contact, at=at)


def target(actor: User | None = None) -> CaseTarget:
    """Cases as a target, brought in by `actor`."""
    return CaseTarget(
        name="case",
        model=Case,
        key=("external_id",),
        fields={
            "external_id": FieldType(longest=120, required=True),
            "member": FieldType(longest=64),
            "phone": FieldType(longest=32),
            "email": FieldType(Type.EMAIL, longest=254),
            "name": FieldType(longest=120, cut=True),
            "order": FieldType(longest=64),
            "kind": FieldType(Type.CHOICE, required=True, choices=tuple(one.value for one in KINDS)),
            "subject": FieldType(longest=SUBJECT_LENGTH, cut=True),
            "body": FieldType(longest=BODY_LENGTH, required=True),
            "priority": FieldType(Type.CHOICE, choices=tuple(PRIORITIES)),
            "department": FieldType(longest=64),
            "opened_at": FieldType(Type.TIME),
        },
        batch=BATCH,
        actor=actor,
    )
