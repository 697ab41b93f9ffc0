"""What ladders ask to be approved: who decides it, and what they decided."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.errors import NotFound, NotPermitted, WrongState
from config.common.events import Happening, record, record_all
from config.common.models import User
from feedback.cases import rules
from feedback.cases.locking import lock, save
from feedback.models import Approval, ApprovalStatus, Case
from feedback.org.alerts import alert
from feedback.org.queries import departments_led

DECIDES = "feedback.decide_approval"
NOTE_LENGTH = 200
DECIDED = {
    ApprovalStatus.APPROVED: _("%(by)s approved what was asked about case %(number)s"),
    ApprovalStatus.REFUSED: _("%(by)s refused what was asked about case %(number)s"),
}


def waiting_for(user: User) -> QuerySet[Approval]:
    """Give what waits for this person's decision, longest first: of departments led, and those below them."""
    if not (user.is_active and user.has_perm(DECIDES)):
        return Approval.objects.none()
    return (
        Approval.objects.filter(
            status=ApprovalStatus.ASKED, department__in=departments_led(user), case__resolved_at=None
        )
        .select_related("case__member", "case__agent__user", "department", "clock")
        .order_by("asked_at", "pk")
    )


@transaction.atomic
def decide(*, approval_id: int, approve: bool, note: str = "", actor: User, at: datetime) -> Approval:
    """Approve or refuse what a ladder asked; who works on the case is told. The clock stays as it is.

    Raises:
        NotFound: there is no such request for this person.
        NotPermitted: the role does not allow it, or this person works on the case.
        WrongState: somebody decided already, or the case has ended.
        Invalid: too long a remark.
    """
    note = rules.clean_text(note, limit=NOTE_LENGTH)
    if not actor.has_perm(DECIDES):
        raise NotPermitted
    found = Approval.objects.filter(pk=approval_id, department__in=departments_led(actor)).first()
    if found is None:
        raise NotFound
    case = lock(found.case_id)
    approval = Approval.objects.select_for_update(no_key=True).get(pk=approval_id)
    if approval.status != ApprovalStatus.ASKED:
        raise WrongState(
            _("This was decided already: %(status)s.") % {"status": approval.get_status_display()}
        )
    if case.agent is not None and case.agent.user == actor:
        raise NotPermitted(_("You work on this case: somebody else decides."))
    rules.check_worked(case.status)
    approval.status = ApprovalStatus.APPROVED if approve else ApprovalStatus.REFUSED
    approval.decided_by, approval.decided_at, approval.note = actor, at, note
    approval.save(update_fields=["status", "decided_by", "decided_at", "note"])
    save(case, news=False)
    what = {"approval": approval.kind, "clock": approval.clock_id}
    record(f"approval.{approval.status}", case, actor=actor, at=at, **what)
    if case.agent is not None:
        alert(
            users=[case.agent.user],
            case=case,
            kind=f"approval.{approval.status}",
            key=f"approval:{approval.pk}",
            title=DECIDED[ApprovalStatus(approval.status)],
            data={"by": str(actor)},
            at=at,
        )
    return approval


@transaction.atomic
def lapse(*, at: datetime) -> int:
    """Let go what was asked about cases that have ended meanwhile; gives how many."""
    waiting = Approval.objects.filter(status=ApprovalStatus.ASKED)
    ended = Case.objects.filter(
        pk__in=list(waiting.values_list("case", flat=True)), resolved_at__isnull=False
    )
    over = list(
        waiting.filter(case__in=list(ended.values_list("pk", flat=True)))
        .select_related("case")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .order_by("pk")
    )
    Approval.objects.filter(pk__in=[one.pk for one in over]).update(
        status=ApprovalStatus.LAPSED, decided_at=at
    )
    record_all(
        Happening("approval.lapsed", one.case, at, None, {"approval": one.kind, "clock": one.clock_id})
        for one in over
    )
    return len(over)
