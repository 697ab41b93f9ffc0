"""A member's own cases, as far as a member may see them: no notes, no questions among departments."""

from datetime import datetime

from django.db.models import Prefetch, QuerySet

from compensation.models import Member
from config.common.errors import NotFound
from feedback.cases.ending import may_reopen
from feedback.models import Attachment, Case, CaseStatus, Clock, Message, Milestone


def own(member: Member) -> QuerySet[Case]:
    """A member's cases with what we promised about them, newest first; of merged ones what they went into."""
    promises = Clock.objects.exclude(milestone=Milestone.HANDOFF).order_by("due_at")
    return (
        Case.objects.filter(member=member, merged_into=None)
        .select_related("order", "department", "agent__user")
        .prefetch_related(Prefetch("clocks", promises))
        .order_by("-opened_at", "-id")
    )


def own_with_thread(member: Member) -> QuerySet[Case]:
    """The same with every public message and its files."""
    public = Message.objects.filter(is_public=True).select_related("user").prefetch_related("attachments")
    return own(member).prefetch_related(Prefetch("messages", public.order_by("at", "id")))


def goes_on_as(member: Member, case_id: int) -> int:
    """The number of the case that goes on in the place of a merged one of the member's; else the same."""
    found = Case.objects.filter(member=member, pk=case_id).values_list("merged_into", flat=True).first()
    return found or case_id


def own_attachment(member: Member, attachment_id: int) -> Attachment:
    """A file from the public part of one of the member's own cases.

    Raises:
        NotFound: there is none with that number.
    """
    found = Attachment.objects.filter(
        pk=attachment_id, message__case__member=member, message__is_public=True
    ).first()
    if found is None:
        raise NotFound
    return found


def actions(case: Case, at: datetime) -> list[str]:
    """What the member may do with the case now: "reply", "confirm", "reopen"."""
    found = []
    if case.status != CaseStatus.CLOSED:
        found.append("reply")
    if case.status == CaseStatus.RESOLVED:
        found.append("confirm")
    if may_reopen(case, at):
        found.append("reopen")
    return found
