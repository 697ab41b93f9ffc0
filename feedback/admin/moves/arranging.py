"""Moves of what a case is and what is given for it: its kind and state, its remedies, its links."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.common.asked import id_in
from config.common.errors import NotFound
from config.common.screens import StaffRequest
from feedback.admin.moves.asked import Said, chosen, key_of
from feedback.cases import commands
from feedback.cases.contacts import reveal_contacts
from feedback.cases.linking import find_numbered
from feedback.cases.queries import actions_for, get_for
from feedback.models import (
    Case,
    LinkKind,
)


def change_priority(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Change how urgent the case is."""
    priority = chosen(request.POST, "priority")
    commands.change_priority(case_id=case.pk, priority=priority, actor=request.user, at=at)
    return _("Priority changed; the clocks run by it.")


def correct(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Set subject, kind and order right."""
    post = request.POST
    asked = post.get("order")
    order_id = id_in(asked)
    if asked and order_id is None:
        raise NotFound
    commands.correct(
        case_id=case.pk,
        subject=post.get("subject", ""),
        kind=post.get("kind", ""),
        order_id=order_id,
        version=id_in(post.get("version")),
        actor=request.user,
        at=at,
    )
    return _("Set right; the clocks run by it.")


def reopen(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Open the case again."""
    commands.reopen(case_id=case.pk, reason=request.POST.get("reason", ""), actor=request.user, at=at)
    return _("The case is open again.")


def close(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Close the case."""
    commands.close_case(case_id=case.pk, note=request.POST.get("note", ""), actor=request.user, at=at)
    return _("The case is closed.")


def reveal(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Show the member's contacts in full."""
    reveal_contacts(case=case, actor=request.user, at=at)
    return ""


def merge(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Make one case of two."""
    post = request.POST
    other = get_for(request.user, chosen(post, "other"))
    actions_for(other, request.user).check("merge")
    ends, versions = (case, other), (id_in(post.get("version")), id_in(post.get("other_version")))
    if post.get("turn"):
        ends, versions = ends[::-1], versions[::-1]
    done = commands.merge(
        case_id=ends[0].pk,
        into_id=ends[1].pk,
        version=versions[0],
        into_version=versions[1],
        actor=request.user,
        at=at,
    )
    return _("Merged: %(number)s goes on.") % {"number": done.number}


def split(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Make a case of one message."""
    post = request.POST
    new = commands.split(
        case_id=case.pk,
        message_id=chosen(post, "message"),
        subject=post.get("subject", ""),
        kind=post.get("kind", ""),
        key=key_of(post),
        actor=request.user,
        at=at,
    )
    return _("Split off: %(number)s.") % {"number": new.number}


def link(request: StaffRequest, case: Case, at: datetime) -> Said:
    """Link the case with another."""
    post = request.POST
    other = find_numbered(request.user, post.get("number", ""))
    kind, ends = post.get("kind", ""), (case.pk, other.pk)
    if kind == "child":  # the other one stands above
        kind, ends = LinkKind.PARENT, ends[::-1]
    commands.link(case_id=ends[0], other_id=ends[1], kind=kind, actor=request.user, at=at)
    return _("Linked with %(number)s.") % {"number": other.number}


def unlink(request: StaffRequest, case: Case, at: datetime) -> Said:
    """End a link."""
    other = get_for(request.user, chosen(request.POST, "other"))
    commands.unlink(case_id=case.pk, other_id=other.pk, actor=request.user, at=at)
    return _("The link is gone.")
