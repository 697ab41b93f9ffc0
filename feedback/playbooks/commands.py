"""What can happen with a playbook: published, applied to a case, its remedies given, steps ticked off.

What others were asked to carry out before remedies were given here can still be ended.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from compensation.models import OrderLine
from config.common.errors import DomainError, Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases import rules as case_rules
from feedback.cases.locking import lock, save
from feedback.models import (
    Playbook,
    PlaybookGiven,
    PlaybookUse,
    PlaybookVersion,
    RemedyRequest,
    RequestStatus,
    StepDone,
)
from feedback.playbooks import givings, rules
from feedback.remedies.commands import grant_for_case

OUTCOME_LENGTH = 500


@transaction.atomic
def publish(*, playbook: Playbook, actor: User | None, at: datetime) -> PlaybookVersion:
    """Put a playbook as it is stored in force; gives the version in force when nothing changed.

    Raises:
        Invalid: it makes no sense (rules.check).
    """
    row = Playbook.objects.select_for_update(no_key=True).get(pk=playbook.pk)
    content = rules.write(row, row.steps.all(), row.remedies.all())
    rules.check(rules.read(content))
    last = row.versions.order_by("-number").first()
    if last and last.content == content:
        return last
    version = PlaybookVersion.objects.create(
        playbook=row, number=last.number + 1 if last else 1, content=content, published_at=at
    )
    record("playbook.published", row, actor=actor, at=at, version=version.number)
    return version


@transaction.atomic
def apply(*, case_id: int, playbook_id: int, actor: User | None, at: datetime) -> PlaybookUse:
    """Begin to work on a case by a playbook: once a case; applied again, the first use is given.

    Its remedies are given within the actor's authority; what is beyond waits for approval. Those that go by
    themselves wait for `give`. A ladder (no actor) gives nothing: it leaves that to a person. What was given
    in the case before is not given again.

    Raises:
        NotFound: there is no such case or playbook in force.
        MoveNotAllowed: the case is resolved or closed.
    """
    case = lock(case_id)
    used = PlaybookUse.objects.filter(case=case, playbook=playbook_id).select_related("version").first()
    if used is not None:
        return used
    case_rules.check_worked(case.status)
    version = (
        PlaybookVersion.objects.filter(playbook=playbook_id, playbook__is_active=True)
        .select_related("playbook")
        .order_by("-number")
        .first()
    )
    if version is None:
        raise NotFound
    used = PlaybookUse.objects.create(
        playbook=version.playbook, version=version, case=case, applied_by=actor, applied_at=at
    )
    save(case, news=False)
    record("playbook.applied", case, actor=actor, at=at, playbook=version.playbook.pk, version=version.number)
    if actor is not None:
        _give(used, actor=actor, at=at)
    return used


@transaction.atomic
def give(
    *, use_id: int, place: int | None = None, amount_fen: int | None = None, actor: User, at: datetime
) -> PlaybookUse:
    """Give what a use has not given yet, such as one that a ladder began; with `place` that remedy alone.

    Those that go by themselves are given by their place only, and `amount_fen` says how much where the
    playbook does not. What cannot be given stops nothing else: why not is kept in `refusals`. Given before,
    it is not given again.

    Raises:
        NotFound: there is no such use, or no such remedy in it.
        DomainError: nothing could be given; see givings.wanted_of, remedies.commands.grant_for_case.
    """
    used = _lock_use(use_id)
    if place is not None and place not in {one.place for one in rules.read(used.version.content).givings}:
        raise NotFound
    missing = len(_ungiven(used, place))
    refused = _give(used, place=place, amount_fen=amount_fen, actor=actor, at=at)
    if refused and len(refused) == missing:
        raise refused[0]
    return used


@transaction.atomic
def finish_step(*, use_id: int, number: int, actor: User, at: datetime) -> StepDone:
    """Tick a step off. Who was first stays on record.

    Raises:
        NotFound: there is no such use, or no such step in it.
    """
    used = _lock_use(use_id)
    _check_step(used, number)
    done, is_new = StepDone.objects.get_or_create(use=used, number=number, defaults={"by": actor, "at": at})
    if is_new:
        _say(used, "playbook.step_done", number, actor, at)
    return done


@transaction.atomic
def undo_step(*, use_id: int, number: int, actor: User, at: datetime) -> PlaybookUse:
    """Take a tick back. Of a step that is not ticked off nothing changes.

    Raises:
        NotFound: there is no such use, or no such step in it.
    """
    used = _lock_use(use_id)
    _check_step(used, number)
    gone, _each = used.steps_done.filter(number=number).delete()
    if gone:
        _say(used, "playbook.step_undone", number, actor, at)
    return used


@transaction.atomic
def end_request(*, request_id: int, done: bool, outcome: str, actor: User, at: datetime) -> RemedyRequest:
    """Say that a requested remedy was carried out, with its number, or that it is refused, with the reason.

    Raises:
        NotFound: there is no such request.
        Invalid: nothing said, or too much.
        WrongState: it has ended.
    """
    outcome = " ".join(outcome.replace("\0", " ").split())
    if not outcome:
        raise Invalid(_("Say by what it was carried out, or why it is refused."))
    if len(outcome) > OUTCOME_LENGTH:
        raise Invalid(_("The text is too long: 500 characters at most."))
    known = RemedyRequest.objects.filter(pk=request_id).values_list("case", flat=True).first()
    if known is None:
        raise NotFound
    case = lock(known)
    row = RemedyRequest.objects.get(pk=request_id)
    if row.status != RequestStatus.OPEN:
        raise WrongState(_("This has already ended: %(status)s.") % {"status": row.get_status_display()})
    row.status = RequestStatus.DONE if done else RequestStatus.REFUSED
    row.ended_by, row.ended_at, row.outcome = actor, at, outcome
    row.save(update_fields=["status", "ended_by", "ended_at", "outcome"])
    save(case, news=False)
    kind = "request.done" if done else "request.refused"
    record(kind, case, actor=actor, at=at, request=row.pk, remedy=row.kind)
    return row


def _give(
    used: PlaybookUse,
    *,
    place: int | None = None,
    amount_fen: int | None = None,
    actor: User,
    at: datetime,
) -> list[DomainError]:
    """Give what was not given yet, each whole or not at all; gives the refusals.

    One that cannot be given stops no other. Why not is kept, in the language of the house.
    """
    refused: list[DomainError] = []
    tried = _ungiven(used, place)
    gone = {str(one.place) for one in tried}
    used.refusals = {key: why for key, why in used.refusals.items() if key not in gone}
    lines = list(OrderLine.objects.filter(order=used.case.order_id).order_by("pk"))
    for one in tried:
        try:
            with transaction.atomic():
                _give_one(used, one, lines, amount_fen=amount_fen, actor=actor, at=at)
        except DomainError as error:
            refused.append(error)
            with translation.override(settings.LANGUAGE_CODE):
                used.refusals[str(one.place)] = str(error)[:OUTCOME_LENGTH]
            record(
                "playbook.not_given",
                used.case,
                actor=actor,
                at=at,
                playbook=used.playbook_id,
                remedy=one.kind,
            )
    used.save(update_fields=["refusals"])
    return refused


def _ungiven(used: PlaybookUse, place: int | None) -> list[rules.Giving]:
    """What was not given yet: of all that does not go by itself, or the one in a place.

    What somebody outside was asked for, before it could be given here, is not given besides.
    """
    asked = used.requests.exclude(status=RequestStatus.REFUSED).values_list("place", flat=True)
    given: set[int | None] = {*used.given.values_list("place", flat=True), *asked}
    content = rules.read(used.version.content)
    wanted = [one for one in content.givings if (not one.by_itself if place is None else one.place == place)]
    return [one for one in wanted if one.place not in given]


def _give_one(
    used: PlaybookUse,
    one: rules.Giving,
    lines: Sequence[OrderLine],
    *,
    amount_fen: int | None,
    actor: User,
    at: datetime,
) -> None:
    one = givings.as_tested(one, used.playbook.code, member_id=used.case.member_id, at=at)
    wanted = givings.wanted_of(one, lines, amount_fen=amount_fen)
    remedy = grant_for_case(
        case_id=used.case_id,
        kind=wanted.kind,
        template_id=wanted.template_id,
        points=wanted.points,
        gift=wanted.gift,
        amount_fen=wanted.amount_fen,
        lines=wanted.lines,
        reason=one.note or str(used.playbook),
        key=f"playbook:{used.pk}:{one.place}",
        actor=actor,
        at=at,
    )
    PlaybookGiven.objects.create(use=used, place=one.place, remedy=remedy)


def _lock_use(use_id: int) -> PlaybookUse:
    """Lock the case of a use, which is the lock of everything about it."""
    case_id = PlaybookUse.objects.filter(pk=use_id).values_list("case", flat=True).first()
    if case_id is None:
        raise NotFound
    lock(case_id)
    return PlaybookUse.objects.select_related("version", "playbook", "case").get(pk=use_id)


def _check_step(used: PlaybookUse, number: int) -> None:
    if not 1 <= number <= len(used.version.content["steps"]):
        raise NotFound


def _say(used: PlaybookUse, kind: str, number: int, actor: User, at: datetime) -> None:
    save(used.case)
    record(kind, used.case, actor=actor, at=at, playbook=used.playbook_id, step=number)
