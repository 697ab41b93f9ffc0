"""When a gap turns out to be none, what rested on it goes to a supervisor: the case, and what was given.

The case gets a note and its leads an alert. Nothing is taken back unless a person decides so.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import Grant, GrantStatus
from config.common.errors import DomainError, Invalid, NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases.locking import lock, save, survivor
from feedback.models import Author, Channel, Message, Overturned, OverturnedState, Remedy
from feedback.org.alerts import alert
from feedback.org.queries import leads_of
from feedback.remedies import commands as remedies

DECIDE = "feedback.decide_overturned"
AT_ONCE = 100
LONGEST = 400
TOLD = gettext_lazy("The gap that case %(number)s rests on turned out to be none")
GIVEN = (GrantStatus.REQUESTED, GrantStatus.APPROVED, GrantStatus.EXECUTED, GrantStatus.CONFIRMED)
"""What stands, or was asked for and may be given yet."""


def tell(*, at: datetime, limit: int = AT_ONCE) -> int:
    """Write to the cases and tell their leads, each in its own transaction. Returns how many there were."""
    untold = list(Overturned.objects.filter(told_at=None).order_by("pk").values_list("pk", flat=True)[:limit])
    for pk in untold:
        _tell(pk, at)
    return len(untold)


@transaction.atomic
def decide(*, overturned_id: int, state: OverturnedState, note: str, actor: User, at: datetime) -> Overturned:
    """Leave what rested on the gap as it is, or take back all that was given for it and not yet used.

    What was asked for and not decided is refused; what was used stays, as long as anything else goes.

    Raises:
        NotPermitted: the person may not decide that, or may not take back what was given.
        NotFound: there is no such thing to decide.
        Invalid: no such decision, no note, or too long a one.
        WrongState: it is decided, or the gap is one after all.
        DomainError: nothing of it can be taken back.
    """
    if not actor.has_perm(DECIDE):
        raise NotPermitted
    note = note.strip().replace("\0", "")
    if state not in {OverturnedState.STANDS, OverturnedState.TAKEN_BACK}:
        raise Invalid(_("Leave it as it is, or take it back."))
    if not note or len(note) > LONGEST:
        raise Invalid(_("Say why, in at most %(limit)s characters.") % {"limit": LONGEST})
    case_id = _case_of(overturned_id)
    case = lock(survivor(case_id)) if case_id is not None else None
    row = Overturned.objects.select_for_update(of=("self",)).filter(pk=overturned_id).first()
    if row is None:
        raise NotFound
    if row.state != OverturnedState.OPEN:
        raise WrongState(_("This has been decided: %(state)s.") % {"state": row.get_state_display()})
    given = given_for(row) if state == OverturnedState.TAKEN_BACK else []
    kept = _take_back(given, actor, note, at)
    row.state, row.note, row.decided_by, row.decided_at = state, note, actor, at
    row.save(update_fields=["state", "note", "decided_by", "decided_at"])
    if case is not None:
        save(case, news=False)
        record("case.overturned_decided", case, actor=actor, at=at, gap=row.gap_id, state=str(state))
    back = [grant.pk for grant in given if grant.pk not in kept]
    record("gap.overturned_decided", row.gap, actor=actor, at=at, state=str(state), back=back, kept=kept)
    return row


def _take_back(given: Sequence[Grant], actor: User, note: str, at: datetime) -> list[int]:
    """Take back what can be; gives the others.

    Raises:
        NotPermitted: the person may not.
        DomainError: nothing can be.
    """
    kept: dict[int, DomainError] = {}
    for grant in given:
        undo = remedies.refuse if grant.status == GrantStatus.REQUESTED else remedies.reverse
        try:
            with transaction.atomic():
                undo(grant_id=grant.pk, actor=actor, note=note, at=at)
        except NotPermitted:
            raise
        except DomainError as error:
            kept[grant.pk] = error
    if kept and len(kept) == len(given):
        raise next(iter(kept.values()))
    return list(kept)


def given_for(row: Overturned) -> list[Grant]:
    """What was given for the gap and stands."""
    return given_for_all([row]).get(row.gap_id, [])


def given_for_all(rows: Sequence[Overturned]) -> dict[int, list[Grant]]:
    """What was given for some gaps, or in the cases opened for them, and stands; by gap."""
    found: dict[int, list[Grant]] = defaultdict(list)
    opened_for = {row.case_id: row.gap_id for row in rows if row.case_id}
    of_gap = Q(gap__in=[row.gap_id for row in rows])
    of_case = Q(gap=None, case__in=opened_for, case__channel=Channel.GAP)
    remedies_of = Remedy.objects.filter(of_gap | of_case, grant__status__in=GIVEN)
    for remedy in remedies_of.select_related("grant__template").order_by("grant"):
        gap_id = remedy.gap_id or opened_for.get(remedy.case_id or 0)
        if gap_id is not None:
            found[gap_id].append(remedy.grant)
    return found


def to_decide() -> QuerySet[Overturned]:
    """What waits for a supervisor, the longest first."""
    return Overturned.objects.filter(state=OverturnedState.OPEN).order_by("at", "pk")


def _case_of(overturned_id: int) -> int | None:
    """The case that it belongs to: the gap's, else that of what was given."""
    row = Overturned.objects.filter(pk=overturned_id).values_list("case", "gap").first()
    if row is None:
        raise NotFound
    if row[0]:
        return int(row[0])
    found = Remedy.objects.filter(gap=row[1], case__isnull=False).order_by("pk")
    return found.values_list("case", flat=True).first()


@transaction.atomic
def _tell(overturned_id: int, at: datetime) -> None:
    case_id = _case_of(overturned_id)
    case = lock(survivor(case_id)) if case_id is not None else None
    row = (
        Overturned.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=overturned_id, told_at=None)
        .first()
    )
    if row is None:
        return
    row.told_at = at
    row.case = case
    row.save(update_fields=["told_at", "case"])
    record("gap.overturned", row.gap, actor=None, at=at, case=case.pk if case else None)
    if case is None:
        return
    text = _(
        "The gap that this case rests on turned out to be none."
        " What was given for it stays until a supervisor decides."
    )
    Message.objects.create(
        case=case, author=Author.SYSTEM, is_public=False, body=f"{text} {row.why}".strip(), at=at
    )
    save(case, news=False)
    record("case.gap_overturned", case, actor=None, at=at, gap=row.gap_id)
    alert(
        users=[agent.user for agent in leads_of(case.department).select_related("user")],
        case=case,
        kind="gap.overturned",
        key=f"overturned:{row.pk}",
        title=TOLD,
        at=at,
    )
