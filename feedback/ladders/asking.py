"""Departments that rungs ask: the same as when a colleague asks them, many at a time."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from config.common.events import Happening, record_all
from feedback.clocks.commands import start_handoffs
from feedback.clocks.running import Running
from feedback.ladders.chunk import Question
from feedback.models import Case, Handoff


def ask(questions: Sequence[Question], *, at: datetime) -> None:
    """Write the handoffs of some cases that are locked, and start their clocks."""
    if not questions:
        return
    cases = Case.objects.in_bulk({one.case for one in questions})
    handoffs = Handoff.objects.bulk_create(
        Handoff(
            case=cases[one.case],
            from_department_id=one.from_department,
            department_id=one.department,
            question=one.question or _("This case is late: please help."),
            asked_at=at,
            started_at=at,
        )
        for one in questions
    )
    record_all(
        Happening(
            "handoff.asked", handoff, at, None, {"case": handoff.case_id, "department": handoff.department_id}
        )
        for handoff in handoffs
    )
    waited = [cases[one.case] for one in questions if one.was_waiting]
    if waited:
        running = Running(waited, actor=None, at=at)
        for clock in running.clocks:
            running.resume(clock)
        running.save()
    start_handoffs(handoffs, actor=None, at=at)
