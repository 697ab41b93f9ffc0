"""What can happen with a playbook: published, applied to a case, steps ticked off, requests carried out."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from config.common.errors import DomainError, Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases import rules as case_rules
from feedback.cases.locking import lock, save
from feedback.models import (
    Case,
    Playbook,
    PlaybookGiven,
    PlaybookUse,
    PlaybookVersion,
    RemedyRequest,
    RequestStatus,
    StepDone,
)
from feedback.models.playbook import GIVEN_HERE
from feedback.playbooks import rules
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

    Coupons and points are given within the actor's authority; what is beyond waits for approval. Refunds,
    parcels and price differences are put on record as asked for. A ladder (no actor) gives nothing: it
    leaves the coupons and points for a person to give. What was given in the case before is not given again.

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
    _ask(used, case, actor=actor, at=at)
    if actor is not None:
        _give(used, actor=actor, at=at)
    return used


@transaction.atomic
def give(*, use_id: int, actor: User, at: datetime) -> PlaybookUse:
    """Give what a use has not given yet, such as one that a ladder began.

    What cannot be given stops nothing else: why not is kept in `refusals`.

    Raises:
        NotFound: there is no such use.
        DomainError: nothing could be given; see remedies.commands.grant_for_case.
    """
    used = _lock_use(use_id)
    missing = len(_ungiven(used))
    refused = _give(used, actor=actor, at=at)
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


def _ask(used: PlaybookUse, case: Case, *, actor: User | None, at: datetime) -> None:
    """Put on record what others have to carry out."""
    for one in rules.read(used.version.content).givings:
        if one.kind in GIVEN_HERE:
            continue
        row = RemedyRequest.objects.create(
            case=case, use=used, place=one.place, kind=one.kind, note=one.note, asked_by=actor, asked_at=at
        )
        record("request.asked", case, actor=actor, at=at, request=row.pk, remedy=one.kind)


def _give(used: PlaybookUse, *, actor: User, at: datetime) -> list[DomainError]:
    """Give the coupons and points that were not given yet, each whole or not at all; gives the refusals.

    One that cannot be given stops no other. Why not is kept, in the language of the house.
    """
    refused: list[DomainError] = []
    used.refusals = {}
    for one in _ungiven(used):
        try:
            with transaction.atomic():
                _give_one(used, one, actor=actor, at=at)
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


def _ungiven(used: PlaybookUse) -> list[rules.Giving]:
    """What is given here and was not yet."""
    given = set(used.given.values_list("place", flat=True))
    content = rules.read(used.version.content)
    return [one for one in content.givings if one.kind in GIVEN_HERE and one.place not in given]


def _give_one(used: PlaybookUse, one: rules.Giving, *, actor: User, at: datetime) -> None:
    remedy = grant_for_case(
        case_id=used.case_id,
        kind=one.kind,
        template_id=one.coupon_id,
        points=one.points,
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
