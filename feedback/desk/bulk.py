"""One thing done to many cases, each in a transaction of its own, with what came of it for each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import DomainError, Invalid, KeyReused, NotFound
from config.common.models import User
from feedback.cases import commands, waiting, watching
from feedback.cases.queries import actions_for, get_for, visible_to
from feedback.cases.rules import Then
from feedback.knowledge.queries import nearest
from feedback.models import BulkResult, BulkRun, Case, Language, PauseReason, Resolution
from feedback.playbooks import texts

MOST = 500
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Doing:
    """What can be done to many cases: its name for people, the permission on each, and the command."""

    name: str | Promise
    action: str
    perform: Callable[[Case, Content, User, datetime], object]
    on_desk: bool = True


def _assign(case: Case, content: Content, user: User, at: datetime) -> None:
    commands.assign(case_id=case.pk, agent_id=content.get("agent"), actor=user, at=at)


def _transfer(case: Case, content: Content, user: User, at: datetime) -> None:
    department = _number(content, "department")
    if case.department_id != department:  # again changes nothing
        note = str(content.get("note", ""))
        commands.transfer(case_id=case.pk, department_id=department, note=note, actor=user, at=at)


def _priority(case: Case, content: Content, user: User, at: datetime) -> None:
    commands.change_priority(case_id=case.pk, priority=_number(content, "priority"), actor=user, at=at)


def _wait(case: Case, content: Content, user: User, at: datetime) -> None:
    reason = content.get("reason")
    if reason not in PauseReason.values:
        raise Invalid(_("Choose whom the case waits for."))
    note = str(content.get("note", ""))
    waiting.wait_for(case_id=case.pk, reason=PauseReason(reason), note=note, actor=user, at=at)


def _resolve(case: Case, content: Content, user: User, at: datetime) -> None:
    resolution = content.get("resolution")
    if resolution not in Resolution.values:
        raise Invalid(_("Choose how the case was resolved."))
    said = _said(case, content, user, at)
    commands.resolve(case_id=case.pk, resolution=Resolution(resolution), message=said, actor=user, at=at)


def _reply(case: Case, content: Content, user: User, at: datetime) -> None:
    then: Then = "wait" if content.get("then") == "wait" else "open"
    commands.reply(case_id=case.pk, body=_said(case, content, user, at), then=then, actor=user, at=at)


def _said(case: Case, content: Content, user: User, at: datetime) -> str:
    """The message to a member, filled in; in English to who speaks it, where there is an English one."""
    spoken = nearest(case.language or case.member.language)
    english = str(content.get("message_en", "")) if spoken == Language.ENGLISH else ""
    values = texts.values_of(case, language=spoken, agent=user, at=at)
    filled = texts.fill(english or str(content.get("message", "")), values)
    if filled.missing:
        raise Invalid(
            _("The message names what this case does not have: %(names)s.")
            % {"names": ", ".join(filled.missing)}
        )
    return filled.text


def _close(case: Case, content: Content, user: User, at: datetime) -> None:
    commands.close_case(case_id=case.pk, note=str(content.get("note", "")), actor=user, at=at)


def _watch(case: Case, content: Content, user: User, at: datetime) -> None:  # noqa: ARG001 - as the others
    watching.watch(case_id=case.pk, user=user, actor=user, at=at)


def _unwatch(case: Case, content: Content, user: User, at: datetime) -> None:  # noqa: ARG001 - as the others
    watching.unwatch(case_id=case.pk, user=user, actor=user, at=at)


DOINGS: dict[str, Doing] = {
    "assign": Doing(_("Assign"), "assign", _assign),
    "transfer": Doing(_("Transfer"), "transfer", _transfer),
    "priority": Doing(_("Priority"), "change_priority", _priority),
    "wait": Doing(_("Let it wait"), "wait", _wait),
    "resolve": Doing(_("Resolve"), "resolve", _resolve),
    "reply": Doing(_("Reply"), "reply", _reply, on_desk=False),
    "close": Doing(_("Close the case"), "close_case", _close),
    "watch": Doing(_("Watch"), "note", _watch),
    "unwatch": Doing(_("Watch no longer"), "note", _unwatch),
}


def begin(
    *,
    key: str,
    doing: str,
    content: Content,
    case_ids: Iterable[int],
    most: int | None = None,
    actor: User,
    at: datetime,
) -> BulkRun:
    """Put down what is to be done; nothing is done yet. The same key gives the same run again.

    Cases that this person does not see are left out.

    Raises:
        Invalid: there is no such thing to do, no case, or too many of them.
        KeyReused: the key came before with other content.
    """
    wanted, most = list(dict.fromkeys(case_ids)), most or MOST
    if doing not in DOINGS or not key:
        raise Invalid(_("Choose something first."))
    if not wanted:
        raise Invalid(_("Select cases first."))
    if len(wanted) > most:
        raise Invalid(_("That is too many at once: %(most)s at most.") % {"most": most}, most=most)
    seen = set(visible_to(actor).filter(pk__in=wanted).values_list("pk", flat=True))
    cases = [pk for pk in wanted if pk in seen]
    put_down = {"action": doing, "content": dict(content), "cases": cases, "at": at}
    put_down["left_out"] = len(wanted) - len(cases)
    run, is_new = BulkRun.objects.get_or_create(user=actor, key=key, defaults=put_down)
    same = set(run.cases) <= set(wanted) and len(run.cases) + run.left_out == len(wanted)
    if not is_new and not (same and (run.action, run.content) == (doing, dict(content))):
        raise KeyReused
    return run


def go_on(*, run_id: int, actor: User, at: datetime, limit: int = 20) -> int:
    """Do the next cases of a run; gives how many are left. Each is done once, whoever else goes on with it.

    Raises:
        NotFound: there is no such run of this person.
    """
    run = BulkRun.objects.filter(pk=run_id, user=actor).first()
    if run is None:
        raise NotFound
    done = set(run.results.values_list("case_id", flat=True))
    left = [pk for pk in run.cases if pk not in done]
    for pk in left[:limit]:
        _do(run, pk, actor, at)
    return max(0, len(left) - limit)


@transaction.atomic
def _do(run: BulkRun, case_id: int, actor: User, at: datetime) -> None:
    """One case. Its result is written first: of two who go on with a run one waits and does nothing."""
    try:
        with transaction.atomic():
            row = BulkResult.objects.create(run=run, case_id=case_id, is_done=True)
    except IntegrityError:
        return
    try:
        with transaction.atomic():
            case = get_for(actor, case_id)
            doing = DOINGS.get(run.action)
            if doing is None:
                raise Invalid(_("This cannot be done any more."))
            actions_for(case, actor).check(doing.action)
            doing.perform(case, run.content, actor, at)
    except DomainError as error:
        row.is_done, row.reason = False, str(error)
        row.save(update_fields=["is_done", "reason"])


@dataclass(frozen=True, slots=True)
class Summary:
    """How far a run is, and what was refused."""

    run: BulkRun
    name: str | Promise
    done: int
    refused: list[BulkResult]
    total: int

    @property
    def left(self) -> int:
        """How many are still to be done."""
        return self.total - self.done - len(self.refused)


def summary(run: BulkRun) -> Summary:
    """What came of a run so far. One query."""
    results = list(run.results.select_related("case").order_by("pk"))
    refused = [one for one in results if not one.is_done]
    doing = DOINGS.get(run.action)
    return Summary(
        run, doing.name if doing else run.action, len(results) - len(refused), refused, len(run.cases)
    )


def _number(content: Content, name: str) -> int:
    number = content.get(name)
    if not isinstance(number, int):
        raise Invalid(_("Choose something first."))
    return number
