"""Interviews at every stage, for tests."""

from datetime import timedelta

from feedback.models import Case, CaseKind
from surveys.interviews import commands, proposing, slots
from surveys.models import Interview
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import CaseFactory, StaffFactory

MONTH = T0.date().replace(day=1)
LATER = T0 + timedelta(days=2)


def complainer(times=1, **fields):
    """A member whom the rules propose."""
    member = MemberFactory(**fields)
    for _n in range(times):
        CaseFactory(member=member, kind=CaseKind.COMPLAINT, opened_at=T0 - timedelta(days=3))
    Case.objects.filter(member=member).update(opened_at=T0 - timedelta(days=3))
    return member


def propose(**fields):
    return proposing.propose(**{"month": MONTH, "actor": None, "at": T0, **fields})


def proposed(member=None):
    """An interview that was proposed."""
    complainer() if member is None else None
    made = propose()
    return Interview.objects.get(pk=made[0].pk)


def free(interviewer, *hours, minutes=30):
    """Times of an interviewer, so many hours after the day after tomorrow."""
    starts = [LATER + timedelta(hours=hour) for hour in hours or (0,)]
    return slots.add(interviewer=interviewer, starts=starts, minutes=minutes, place="电话", at=T0)


def invited(interviewer=None, hours=(0, 1)):
    interviewer = interviewer or StaffFactory()
    interview = proposed()
    free(interviewer, *hours)
    return commands.invite(interview_id=interview.pk, interviewer=interviewer, actor=interviewer, at=T0)


def arranged(**fields):
    interview = invited(**fields)
    slot = interview.interviewer.interview_slots.order_by("pk").first()
    return commands.choose(interview_id=interview.pk, slot_id=slot.pk, actor=interview.member, at=T0)
