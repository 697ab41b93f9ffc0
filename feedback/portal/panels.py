"""What cases put on the portal's first page and beside an order."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from compensation.models import Member, Order
from compensation.portal.panels import Need, Panel
from feedback.cases.own import own
from feedback.clocks.promised import promised
from feedback.expectations import queries as cares
from feedback.models import Case, CaseStatus, ChatSession
from feedback.portal.tracking import SHORT, WHERE, stations
from feedback.reviews import own as reviews

MOST = 5


def needs(member: Member, _at: datetime) -> Sequence[Need]:
    """The cases that wait for the member: to answer, then to confirm."""
    going = ChatSession.objects.filter(member=member, ended_at=None).select_related("case").first()
    chat = (
        [
            Need(
                kind="answer",
                title=_("A chat is going on"),
                text=going.case.subject,
                path=reverse("portal:chat"),
            )
        ]
        if going
        else []
    )
    waiting = (
        Case.objects.filter(member=member, status__in=[CaseStatus.WAITING_MEMBER, CaseStatus.RESOLVED])
        .exclude(chat__ended_at=None, chat__isnull=False)
        .order_by("-status", "-last_message_at")[:MOST]
    )
    return chat + [
        Need(
            kind="answer" if case.status == CaseStatus.WAITING_MEMBER else "confirm",
            title=_("We need your answer")
            if case.status == CaseStatus.WAITING_MEMBER
            else _("Is it solved?"),
            text=case.subject,
            path=reverse("portal:case", args=[case.pk]),
        )
        for case in waiting
    ]


def to_review(member: Member, at: datetime) -> Sequence[Need]:
    """That something has arrived which can be reviewed, in one line for all of it."""
    lines = list(reviews.to_review(member, at)[:MOST])
    if not lines:
        return []
    names = _(", ").join(str(line.product) for line in lines)
    return [Need(kind="survey", title=_("How is it?"), text=names, path=reverse("portal:reviews"))]


def order_reviews(order: Order, at: datetime) -> Panel:
    """What of an order can be reviewed, and what was."""
    return Panel(
        "portal/order_reviews.html",
        {
            "lines": list(reviews.to_review(order.member, at).filter(order=order)[:MOST]),
            "reviews": list(reviews.own(order.member).filter(order=order)[:MOST]),
        },
    )


def tracked(case: Case, at: datetime) -> dict[str, object]:
    """What the line of a case shows."""
    told = promised(case.clocks.all(), at)
    return {
        "case": case,
        "stations": stations(case),
        "where": WHERE[case.status],
        "short": SHORT[case.status],
        "promise": next((one for one in told if one.is_open), None),
        "promises": told,
    }


def home(member: Member, at: datetime) -> Panel:
    """The cases that are under way."""
    cases = own(member).filter(resolved_at=None)[:MOST]
    return Panel("portal/cases_panel.html", {"tracked": [tracked(case, at) for case in cases]})


def feedback_box(_member: Member, _at: datetime) -> Panel:
    """The way to the feedback box."""
    return Panel("portal/suggest_panel.html", {})


def order(order: Order, at: datetime) -> Panel:
    """The cases about an order, and a way to open one."""
    cases = own(order.member).filter(order=order)[:MOST]
    return Panel(
        "portal/order_panel.html", {"order": order, "tracked": [tracked(case, at) for case in cases]}
    )


def data(member: Member, _at: datetime) -> Panel:
    """What was concluded that a member cares about, and from what."""
    found = cares.of_member(member.pk)
    why = [cares.in_words(one) for one in found.evidence] if found else []
    return Panel("portal/cares.html", {"found": found, "why": why})
