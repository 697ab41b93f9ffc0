"""Putting a hold on the data of a case or a member, and lifting it."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common.errors import Invalid, NotFound, Taken, WrongState
from config.common.events import record
from config.common.models import User
from config.common.retention import hold_still
from feedback.holds.queries import in_force
from feedback.models import Case, LegalHold

LONGEST = 500


@transaction.atomic
def place(
    *,
    case_id: int | None = None,
    member_id: int | None = None,
    reason: str,
    until: datetime | None = None,
    actor: User,
    at: datetime,
) -> LegalHold:
    """Keep all that belongs to a case or to a member, whatever its period and whoever asks to erase it.

    A hold whose time is over gives way to a new one. A batch that is being let go of just now is waited for:
    once this is committed nothing more goes.

    Raises:
        NotFound: there is no such case or member.
        Invalid: no reason, or too long a one, an end that is past, or neither a case nor a member.
        WrongState: the member's data was erased: there is nothing to keep.
        Taken: there is a hold on it.
    """
    reason = check(case_id=case_id, member_id=member_id, reason=reason, until=until, at=at)
    case = Case.objects.select_for_update(no_key=True).filter(pk=case_id).first() if case_id else None
    member = Member.objects.select_for_update(no_key=True).filter(pk=member_id).first() if member_id else None
    if case is None and member is None:
        raise NotFound
    _check_there(member)
    hold_still()
    over = LegalHold.objects.filter(case=case, member=member, lifted_at=None, until__lte=at)
    over.update(lifted_at=at, lifted_by=actor)
    try:
        with transaction.atomic():
            made = LegalHold.objects.create(
                case=case, member=member, reason=reason, until=until, placed_by=actor, placed_at=at
            )
    except IntegrityError as error:
        raise Taken(_("There is a hold on it already.")) from error
    record("hold.placed", made, actor=actor, at=at, case=case_id, member=member_id)
    return made


def check(
    *, case_id: int | None, member_id: int | None, reason: str, until: datetime | None, at: datetime
) -> str:
    """Refuse what cannot be held; gives the reason as it is kept.

    Raises:
        Invalid, WrongState, Taken: as `place`.
    """
    reason = reason.replace("\0", "").strip()
    if not reason or len(reason) > LONGEST:
        raise Invalid(_("Say why, in at most %(limit)s characters.") % {"limit": LONGEST}, field="reason")
    if (case_id is None) == (member_id is None):
        raise Invalid(_("Choose a case or a member."))
    if until is not None and until <= at:
        raise Invalid(_("Its end is past."), field="until")
    _check_there(Member.objects.filter(pk=member_id).first() if member_id else None)
    if in_force(at).filter(case=case_id, member=member_id).exists():
        raise Taken(_("There is a hold on it already."))
    return reason


def _check_there(member: Member | None) -> None:
    if member is not None and member.erased_at is not None:
        raise WrongState(_("The data of this member was erased."))


@transaction.atomic
def lift(*, hold_id: int, actor: User, at: datetime) -> LegalHold:
    """Let its data go again by the periods. Again changes nothing.

    Raises:
        NotFound: there is no such hold.
    """
    hold = LegalHold.objects.select_for_update(no_key=True, of=("self",)).filter(pk=hold_id).first()
    if hold is None:
        raise NotFound
    if hold.lifted_at is None:
        hold.lifted_at, hold.lifted_by = at, actor
        hold.save(update_fields=["lifted_at", "lifted_by"])
        record("hold.lifted", hold, actor=actor, at=at, case=hold.case_id, member=hold.member_id)
    return hold
