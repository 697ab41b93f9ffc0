"""What supervisors think of pauses: one that they reject does not count, whatever became of the clock."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.models import User
from feedback.clocks.running import Running
from feedback.models import Case, Clock, Pause, Verdict

REMARK_LENGTH = 2_000


@transaction.atomic
def review(*, pause_id: int, verdict: str, remark: str = "", actor: User, at: datetime) -> Pause:
    """Say whether a pause counts. The due time is worked out anew, and the clock may be late by it.

    That holds for a clock that has ended too. A pause that is rejected while it lasts ends now. The same
    verdict again changes nothing; another one takes the place of the first.

    Raises:
        NotFound: there is no such pause.
        NotPermitted: it is the person's own pause.
        Invalid: no such verdict; a rejection without a remark, or too long a one.
    """
    remark = remark.strip().replace("\0", "")
    if verdict not in Verdict.values:
        raise Invalid(_("Accept the pause or reject it."))
    if len(remark) > REMARK_LENGTH:
        raise Invalid(_("The remark is too long: %(limit)s characters at most.") % {"limit": REMARK_LENGTH})
    if verdict == Verdict.REJECTED and not remark:
        raise Invalid(_("Say why the pause does not count."))
    found = Pause.objects.filter(pk=pause_id).values_list("clock__case_id", "clock_id").first()
    if found is None:
        raise NotFound
    case = Case.objects.select_for_update(no_key=True).get(pk=found[0])
    running = Running([case], actor=actor, at=at)
    clock = next((one for one in running.clocks if one.pk == found[1]), None)
    if clock is None:
        clock = Clock.objects.get(pk=found[1])
        running.take_in(clock)
    pause = next(one for one in running.pauses_of(clock) if one.pk == pause_id)
    if pause.paused_by_id == actor.pk:
        raise NotPermitted(_("Somebody else has to review your own pause."))
    if pause.verdict == verdict and pause.remark == remark:
        return pause
    if verdict == Verdict.REJECTED and pause.to_at is None:
        running.resume(clock)
    pause.verdict, pause.remark = Verdict(verdict), remark
    pause.reviewed_by, pause.reviewed_at = actor, at
    running.change_pause(pause)
    running.settle(clock)
    running.tell(
        "clock.pause_reviewed",
        clock,
        milestone=clock.milestone,
        pause=pause.pk,
        reason=pause.reason,
        verdict=verdict,
        due=clock.due_at.isoformat(),
    )
    running.save()
    return pause
