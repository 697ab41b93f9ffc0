"""An interview's life up to the talk: proposed, invited, arranged, moved, missed, declined, dropped."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import Purpose
from compensation.notices.commands import Telling, notify_all
from config.common.errors import Invalid, MoveNotAllowed, NotFound, WrongState
from config.common.events import Actor, record
from config.common.models import User
from surveys.interviews import proposing, queries
from surveys.models import Interview, InterviewGuide, InterviewSlot, InterviewState, InterviewTerms

REASON = 200
MOVES = {
    InterviewState.PROPOSED: {InterviewState.INVITED, InterviewState.DROPPED},
    InterviewState.INVITED: {InterviewState.ARRANGED, InterviewState.DECLINED, InterviewState.DROPPED},
    InterviewState.ARRANGED: {
        InterviewState.ARRANGED,
        InterviewState.HELD,
        InterviewState.MISSED,
        InterviewState.DECLINED,
        InterviewState.DROPPED,
    },
    InterviewState.MISSED: {InterviewState.INVITED},
    InterviewState.HELD: set[InterviewState](),
    InterviewState.DECLINED: set[InterviewState](),
    InterviewState.DROPPED: set[InterviewState](),
}


class SlotTaken(WrongState):
    """Somebody else was quicker, or it is too soon."""

    code = "slot_taken"
    default = gettext_lazy("This time is no longer free. Please choose another.")


def held(interview_id: int) -> Interview:
    """An interview, locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    found = (
        Interview.objects.select_for_update(no_key=True, of=("self",))
        .select_related("member", "interviewer")
        .filter(pk=interview_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def move(interview: Interview, to: InterviewState) -> None:
    """Set the state, where that is allowed.

    Raises:
        MoveNotAllowed: it is not.
    """
    if to not in MOVES[InterviewState(interview.state)]:
        raise MoveNotAllowed(
            _("An interview that is %(state)s cannot become that.") % {"state": interview.get_state_display()}
        )
    interview.state = to


@transaction.atomic
def invite(
    *, interview_id: int, interviewer: User, guide: InterviewGuide | None = None, actor: User, at: datetime
) -> Interview:
    """Confirm a proposed member and ask when it suits them; who was missed is asked once more.

    Raises:
        MoveNotAllowed: it is neither proposed nor missed.
        Invalid: the interviewer has no free time that could be chosen, or the member is gone.
    """
    interview = held(interview_id)
    again = interview.state == InterviewState.MISSED
    move(interview, InterviewState.INVITED)
    if interview.member.erased_at is not None:
        raise Invalid(_("The member's data was erased."))
    interview.interviewer, interview.guide, interview.invited_at = interviewer, guide, at
    _rest(interview, at)
    if not queries.offered(interview, at).exists():
        raise Invalid(_("This interviewer has no free time. Add some first."), field="interviewer")
    if again:
        _free(interview)
    interview.save(update_fields=["state", "interviewer", "guide", "invited_at", "rest"])
    record("interview.invited", interview, actor=actor, at=at, interviewer=interviewer.pk)
    member = interview.member
    with translation.override(member.language):
        title = _("May we ask you how it is to shop with us?")
        body = _("We would like to talk to you for half an hour. Choose a time that suits you, or say no.")
    turn = f"{at:%Y%m%d%H%M%S}"
    _tell(interview, "interview.invited", turn=turn, title=title, body=body, at=at)
    return interview


@transaction.atomic
def choose(
    *, interview_id: int, slot_id: int, records: bool | None = None, actor: Actor, at: datetime
) -> Interview:
    """Take a time that is offered, or another one instead; `records` says whether a recording is agreed to.

    Raises:
        MoveNotAllowed: nobody is asked any more.
        SlotTaken: it is not free, not offered, or too soon.
    """
    interview = held(interview_id)
    moved = interview.state == InterviewState.ARRANGED
    move(interview, InterviewState.ARRANGED)
    _free(interview)
    # Whoever is second waits for the first one's row and finds it taken: the condition is read anew.
    free = queries.offered(interview, at).filter(pk=slot_id)
    if not free.update(interview=interview, reminded_at=None):
        raise SlotTaken
    if records is not None:
        interview.consented_at = at if records else None
        interview.recording = interview.recording if records else ""
    interview.save(update_fields=["state", "consented_at", "recording"])
    slot = InterviewSlot.objects.get(pk=slot_id)
    record("interview.moved" if moved else "interview.arranged", interview, actor=actor, at=at, slot=slot_id)
    with translation.override(interview.member.language):
        title = _("We talk on %(when)s") % {"when": said(slot)}
        body = slot.place
    turn = f"{slot_id}-{at:%Y%m%d%H%M%S}"
    _tell(interview, "interview.arranged", turn=turn, title=title, body=body, at=at)
    return interview


@transaction.atomic
def decline(*, interview_id: int, because: str = "", actor: Actor, at: datetime) -> Interview:
    """The member does not want to; nobody asks again within the rest.

    Raises:
        MoveNotAllowed: it was held, or nobody asks any more.
    """
    interview = held(interview_id)
    move(interview, InterviewState.DECLINED)
    _free(interview)
    interview.declined_because = " ".join(because.replace("\x00", "").split())[:REASON]
    interview.save(update_fields=["state", "declined_because"])
    record("interview.declined", interview, actor=actor, at=at)
    return interview


@transaction.atomic
def drop(*, interview_id: int, actor: User, at: datetime) -> Interview:
    """Not this member, this month: it counts in no rest.

    Raises:
        MoveNotAllowed: it was held, missed or declined.
    """
    interview = held(interview_id)
    was = interview.state
    move(interview, InterviewState.DROPPED)
    _free(interview)
    interview.save(update_fields=["state"])
    record("interview.dropped", interview, actor=actor, at=at, was=was)
    return interview


@transaction.atomic
def swap(*, interview_id: int, actor: User, at: datetime) -> Interview | None:
    """Drop a proposed member for the next one by the rules; None where nobody is left.

    Raises:
        MoveNotAllowed: the member was asked already.
    """
    proposing.terms()  # before the interview, as whoever proposes holds them
    interview = held(interview_id)
    if interview.state != InterviewState.PROPOSED:
        raise MoveNotAllowed(_("Only who was not asked yet can be swapped."))
    drop(interview_id=interview_id, actor=actor, at=at)
    made = proposing.propose(month=interview.month, actor=actor, at=at, most=1)
    return made[0] if made else None


@transaction.atomic
def miss(*, interview_id: int, actor: User, at: datetime) -> Interview:
    """It did not take place; the time is over and gone.

    Raises:
        MoveNotAllowed: none was arranged.
        WrongState: it has not begun.
    """
    interview = held(interview_id)
    move(interview, InterviewState.MISSED)
    _check_begun(interview, at)
    interview.save(update_fields=["state"])
    record("interview.missed", interview, actor=actor, at=at)
    return interview


@transaction.atomic
def hold(*, interview_id: int, actor: User, at: datetime) -> Interview:
    """It took place.

    Raises:
        MoveNotAllowed: none was arranged.
        WrongState: it has not begun.
    """
    interview = held(interview_id)
    move(interview, InterviewState.HELD)
    _check_begun(interview, at)
    interview.held_at = at
    _rest(interview, at)
    interview.save(update_fields=["state", "held_at", "rest"])
    record("interview.held", interview, actor=actor, at=at)
    return interview


def _rest(interview: Interview, at: datetime) -> None:
    """Let the rest begin with the day of the asking and of the talk, which may be long after the month began.

    Where the member was proposed anew since, that one has a rest of its own.
    """
    terms = InterviewTerms.objects.filter(pk=1).first() or InterviewTerms(pk=1)
    until = timezone.localdate(at) + timedelta(days=terms.rest_days)
    later = Interview.objects.filter(member=interview.member_id, month__gt=interview.month)
    if until > interview.rest and not later.exclude(state=InterviewState.DROPPED).exists():
        interview.rest = until


def said(slot: InterviewSlot) -> str:
    """When it is, in words, in the language and time zone of the moment."""
    start, end = (timezone.localtime(one) for one in (slot.starts_at, slot.ends_at))
    return f"{date_format(start, 'Y-m-d')} {start:%H:%M}–{end:%H:%M}"


def _check_begun(interview: Interview, at: datetime) -> None:
    if InterviewSlot.objects.filter(interview=interview, starts_at__gt=at).exists():
        raise WrongState(_("It has not begun yet."))


def _free(interview: Interview) -> None:
    InterviewSlot.objects.filter(interview=interview).update(interview=None, reminded_at=None)


def _tell(interview: Interview, kind: str, *, turn: str, title: str, body: str, at: datetime) -> None:
    notify_all(
        [
            Telling(
                member=interview.member,
                kind=kind,
                key=f"interview:{interview.pk}:{kind}:{turn}",
                title=title,
                body=body,
                path="/portal/",
                purpose=Purpose.SURVEY,
            )
        ],
        at=at,
    )


@transaction.atomic
def remind(*, at: datetime, limit: int = 500) -> int:
    """Remind those who talk to us within a day, once a time that was chosen; how many they are."""
    due = (
        InterviewSlot.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(
            interview__state=InterviewState.ARRANGED,
            reminded_at=None,
            starts_at__gt=at,
            starts_at__lte=at + timedelta(days=1),
        )
        .select_related("interview__member")
        .order_by("pk")[:limit]
    )
    number = 0
    for slot in due:
        interview = slot.interview
        if interview is None:
            continue
        with translation.override(interview.member.language):
            title = _("Tomorrow we talk: %(when)s") % {"when": said(slot)}
        _tell(interview, "interview.tomorrow", turn=str(slot.pk), title=title, body=slot.place, at=at)
        slot.reminded_at = at
        slot.save(update_fields=["reminded_at"])
        number += 1
    return number
