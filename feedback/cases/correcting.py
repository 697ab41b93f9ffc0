"""Setting right what a case is about: its subject, its kind, its order."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from compensation.models import Order
from config.common.errors import Invalid, NotFound
from config.common.events import record
from config.common.models import User
from feedback.cases import rules
from feedback.cases.locking import lock, save
from feedback.cases.opening import category_of
from feedback.clocks import commands as clocks
from feedback.models import Author, Case, CaseKind, Message


@transaction.atomic
def correct(
    *,
    case_id: int,
    subject: str,
    kind: str,
    order_id: int | None,
    version: int | None = None,
    actor: User,
    at: datetime,
) -> Case:
    """Say anew what a case is about. Its running clocks go on under the policies for that.

    A kind that promises something of its own, such as a refund, starts that clock now; what the kind before
    promised stops. The product category becomes that of the new order. The subject that stood there is kept
    as a note. The same again changes nothing.

    Raises:
        Invalid: no subject, no such kind, one that follows up a review, or an order of somebody else.
        NotFound: there is no such order.
        MoveNotAllowed: the case is resolved or closed.
        Stale: the case is past `version`.
    """
    subject = rules.clean_line(subject)
    case = lock(case_id, version=version)
    rules.check_worked(case.status)
    _check_kind(case, kind)
    order = _order(case, order_id)
    changed = {
        "subject": case.subject != subject,
        "kind": case.kind != kind,
        "order": case.order_id != order_id,
    }
    if not any(changed.values()):
        return case
    was, before = CaseKind(case.kind), case.subject
    kinds, orders = [str(was), str(kind)], [case.order_id, order_id]
    case.subject, case.kind, case.order = subject, CaseKind(kind), order
    if changed["order"]:
        case.category = category_of(order)
    save(case, "subject", "kind", "order", "category")
    if changed["subject"]:
        with translation.override(settings.LANGUAGE_CODE):
            said = gettext("The subject was: %(subject)s") % {"subject": before}
        Message.objects.create(case=case, author=Author.SYSTEM, is_public=False, body=said, at=at)
    what = [name for name, is_changed in changed.items() if is_changed]
    record("case.corrected", case, actor=actor, at=at, corrected=what, kinds=kinds, orders=orders)
    if changed["kind"] or changed["order"]:
        clocks.corrected(case, was=was, actor=actor, at=at)
    return case


def _check_kind(case: Case, kind: str) -> None:
    if kind not in CaseKind.values:
        raise Invalid(_("There is no such kind, channel or priority."))
    if case.kind != kind and CaseKind.REVIEW in {case.kind, kind}:
        raise Invalid(_("A case that follows up a review stays one, and no other becomes one."))


def _order(case: Case, order_id: int | None) -> Order | None:
    if order_id is None:
        return None
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound
    if order.member_id != case.member_id:
        raise Invalid(_("This order is not the member's own."))
    return order
