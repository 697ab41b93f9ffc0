"""What members and colleagues are told of remedies."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.coupons import rules as coupons
from compensation.coupons import terms
from compensation.models import ApprovalRound, Grant, GrantKind, GrantStatus, RuleVersion
from compensation.notices.commands import notify
from config.common.mail import tell_staff
from config.common.models import User
from config.common.money import FEN_PER_YUAN, display
from feedback.models import Case, Gap
from feedback.models.gap import Aspect
from feedback.org.alerts import alert
from feedback.remedies.queries import approvers_of, deciders

WALLET = "/portal/wallet/"
SHOWN = 50
ASKED = gettext_lazy("%(agent)s asks for %(amount)s in case %(number)s")
RULE_ASKS = gettext_lazy("A rule would give %(amount)s in case %(number)s: %(why)s")
APPROVED = gettext_lazy("Approved: %(amount)s in case %(number)s")
REFUSED = gettext_lazy("Refused: %(amount)s in case %(number)s – %(note)s")
FAILED = gettext_lazy("Could not be given: %(amount)s in case %(number)s – %(why)s")


def tell_given(grant: Grant, *, at: datetime, gap: Gap | None = None) -> None:
    """Tell the member what was given, and that it is in the wallet. Our reasons stay with us.

    Of money that goes back refunds tell themselves.
    """
    if grant.kind in {GrantKind.REFUND, GrantKind.PRICE_DIFFERENCE}:
        return
    with translation.override(grant.member.language):
        if grant.kind == GrantKind.COUPON:
            until = coupons.last_day(grant.coupon.expires_at, timezone.get_default_timezone())
            title = terms.given(grant.coupon.terms, grant.coupon.value_fen)
            body = _("It is in your wallet, valid until %(day)s.") % {"day": f"{until:%Y-%m-%d}"}
        elif grant.kind == GrantKind.POINTS:
            title = _("We have given you %(points)s points") % {"points": grant.points}
            body = _("They are on your account.")
        else:
            title = (
                _("We are sending you a gift: %(gift)s") % {"gift": grant.gift}
                if grant.gift
                else _("We are sending you the goods again")
            )
            body = _("It leaves our warehouse shortly.")
        if gap is not None:
            body = _("%(what)s: we are sorry.") % {"what": gap_title(gap)} + f" {body}"
        notify(
            member=grant.member,
            kind="remedy.granted",
            key=f"grant:{grant.pk}:given",
            title=title,
            body=body,
            path=WALLET,
            at=at,
        )


def ask_approvers(grant: Grant, case: Case, *, asked_by: User, at: datetime) -> None:
    """Alert those who may approve it."""
    alert(
        users=approvers_of(grant, case, at),
        case=case,
        kind="remedy.requested",
        key=f"grant:{grant.pk}:asked:{grant.content_hash[:16]}",
        title=ASKED,
        data={"agent": str(asked_by), "amount": display(grant.cost_fen)},
        at=at,
    )


def ask_for_rule(grant: Grant, case: Case, why: str, *, at: datetime) -> None:
    """Alert those who may approve it, and whoever works on the case, that a rule was stopped, and why."""
    own = [case.agent.user] if case.agent else []
    alert(
        users=[*approvers_of(grant, case, at), *own],
        case=case,
        kind="remedy.rule_stopped",
        key=f"grant:{grant.pk}:stopped",
        title=RULE_ASKS,
        data={"amount": display(grant.cost_fen), "why": why},
        at=at,
    )


def tell_stopped(version: RuleVersion, why: str, *, at: datetime) -> None:
    """Write to those who decide for all departments that a rule could not give something, and why.

    For where no case is there to be alerted about: a letter a day for each rule at most.
    """
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Rule “%(rule)s” cannot give everything") % {"rule": version.rule}
        body = _("Something that it would give was stopped, and no case is open for it: %(why)s") % {
            "why": why
        }
    _write_to_deciders(f"rule:{version.rule_id}:stopped:{at:%Y%m%d}", subject, body, at=at)


def tell_overdue(rounds: Sequence[ApprovalRound], *, at: datetime) -> None:
    """Write to those who decide for all departments that requests of no case wait too long; once an hour."""
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Nobody has decided in time: %(count)s") % {"count": len(rounds)}
        lines = [f"{display(one.grant_fen)}  {one.grant.reason}" for one in rounds[:SHOWN]]
    _write_to_deciders(f"remedies:overdue:{at:%Y%m%d%H}", subject, "\n".join(lines), at=at)


def _write_to_deciders(key: str, subject: str, body: str, *, at: datetime) -> None:
    body = f"{body}\n\n{settings.PUBLIC_URL}{reverse('admin:approvals')}"
    for user in deciders():
        if user.email:
            tell_staff(user=user, key=f"{key}:{user.pk}", subject=subject, body=body, at=at)


def tell_requester(grant: Grant, case: Case, *, at: datetime) -> None:
    """Alert whoever asked that it was approved or refused."""
    if grant.requested_by is None:
        return
    approved = grant.status != GrantStatus.REFUSED
    alert(
        users=[grant.requested_by],
        case=case,
        kind="remedy.approved" if approved else "remedy.refused",
        key=f"grant:{grant.pk}:decided",
        title=APPROVED if approved else REFUSED,
        data={"amount": display(grant.cost_fen), "note": grant.decision_note},
        at=at,
    )


def tell_failed(grant: Grant, case: Case, *, at: datetime) -> None:
    """Alert whoever asked, else whoever has the case, that it could not be given after all."""
    agent = case.agent.user if case.agent else None
    user = grant.requested_by or agent
    if user is None:
        return
    alert(
        users=[user],
        case=case,
        kind="remedy.failed",
        key=f"grant:{grant.pk}:failed:{at:%Y%m%d%H%M%S}",
        title=FAILED,
        data={"amount": display(grant.cost_fen), "why": grant.outcome},
        at=at,
    )


def gap_title(gap: Gap) -> str:
    """What was not kept, in the language of the moment."""
    order = gap.order.external_id if gap.order else ""
    match gap.aspect:
        case Aspect.SHIPPING:
            title = _("Order %(order)s was not shipped in time")
        case Aspect.DELIVERY:
            title = _("Order %(order)s was not delivered in time")
        case Aspect.PRICE:
            title = _("Order %(order)s cost more than was promised")
        case Aspect.QUALITY:
            title = _("Order %(order)s was not as good as you could expect")
        case _other:
            return _("We did not answer in time")
    return title % {"order": order}


def gap_body(gap: Gap) -> str:
    """What was promised and what happened, for the member, in the language of the moment."""
    if gap.aspect == Aspect.QUALITY:
        return _("You were less content than you could expect to be. We are sorry and are looking into it.")
    if gap.aspect == Aspect.PRICE:
        text = _("You were to pay %(expected)s and paid %(actual)s. We are sorry and are looking into it.")
        fen = [int((value or 0) * FEN_PER_YUAN) for value in (gap.expected, gap.actual)]
        return text % {"expected": display(fen[0]), "actual": display(fen[1])}
    promised = f"{timezone.localtime(gap.expected_at):%Y-%m-%d %H:%M}"
    if gap.actual_at is None:
        text = _("We promised it by %(promised)s and have not kept our word so far. We are looking into it.")
        return text % {"promised": promised}
    text = _("We promised it by %(promised)s; it was %(actual)s. We are sorry and are looking into it.")
    return text % {"promised": promised, "actual": f"{timezone.localtime(gap.actual_at):%Y-%m-%d %H:%M}"}
