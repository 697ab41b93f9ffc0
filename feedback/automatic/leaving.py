"""What a rule leaves to a person: on the case, with what it would give and why it did not."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import RuleAmount, RuleGive, RuleVersion
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.idempotency import once
from config.common.models import User
from feedback.automatic.contents import AmountUnknown, content_of
from feedback.cases.locking import lock, save
from feedback.models import Case, Gap, Remedy, RuleTask, TaskEnd, TaskReason
from feedback.org.alerts import alert
from feedback.org.queries import leads_of
from feedback.remedies.commands import Chosen, grant_for_case

LEFT = _("A rule leaves something to you in case %(number)s: %(rule)s")
NOT_HERE = RuleAmount.DIFFERENCE
"""What is given from the case's remedies, where somebody says how much; the rest from the task itself."""


def leave(
    *,
    key: str,
    case: Case,
    gap: Gap | None,
    version: RuleVersion | None,
    give: RuleGive | None = None,
    reason: TaskReason,
    text: str = "",
    at: datetime,
) -> RuleTask | None:
    """Put a task on a case that the caller holds, once for one key; None where it was there before.

    It is about one thing that the rule could not `give`, else about all of them, to be chosen from.
    """
    task, is_new = RuleTask.objects.get_or_create(
        key=key,
        defaults={
            "case": case,
            "gap": gap,
            "version": version,
            "give": give,
            "reason": reason,
            "details": {"text": text} if text else {},
            "made_at": at,
        },
    )
    if not is_new:
        return None
    save(case, news=False)
    record("rule.left", case, actor=None, at=at, version=version and version.pk, why=reason, task=task.pk)
    people = [case.agent.user] if case.agent else [agent.user for agent in leads_of(case.department)]
    alert(
        users=people,
        case=case,
        kind="rule.left",
        key=f"ruletask:{task.pk}",
        title=LEFT,
        data={"rule": str(version.rule) if version else key},
        at=at,
    )
    return task


@transaction.atomic
def give(*, task_id: int, give_id: int, actor: User, at: datetime) -> Remedy:
    """Give what a rule would have given, as the person who decides it; within their authority, as always.

    Once: again gives what came of it the first time.

    Raises:
        NotFound: there is no such task, or its rule does not give that.
        WrongState: it has ended.
        Invalid: this is given from the case's remedies, where somebody says how much.
        DomainError: see remedies.commands.grant_for_case.
    """

    def perform() -> Remedy:
        task = _lock(task_id)
        remedy = _give(task, give_id, actor=actor, at=at)
        _end(task, TaskEnd.GIVEN, actor, at)
        return remedy

    key = f"{task_id}:{give_id}"
    return once(scope="ruletask.give", key=key, content={}, model=Remedy, perform=perform)[0]


def offers(task: RuleTask) -> list[RuleGive]:
    """What can be given from a task: what was left over, or all that its rule gives."""
    if task.give is not None:
        return [task.give]
    return list(task.version.gives.all()) if task.version else []


def _give(task: RuleTask, give_id: int, *, actor: User, at: datetime) -> Remedy:
    one = next((offer for offer in offers(task) if offer.pk == give_id), None)
    if one is None:
        raise NotFound
    try:
        content = content_of(one, task.case.order)
    except AmountUnknown as error:
        raise Invalid(_("Give this from the remedies of the case.")) from error
    return grant_for_case(
        case_id=task.case_id,
        kind=one.kind,
        template_id=one.template_id,
        points=one.points,
        lines=[Chosen(line.order_line.pk, line.quantity, line.amount_fen) for line in content.lines],
        reason=str(task.version.rule) if task.version else task.key,
        key=f"ruletask:{task.pk}:{one.pk}",
        gap_id=task.gap_id,
        cause=task.key if task.gap_id else "",
        actor=actor,
        at=at,
    )


@transaction.atomic
def dismiss(*, task_id: int, actor: User, at: datetime) -> RuleTask:
    """Say that nothing has to be given, or that it was given otherwise.

    Raises:
        NotFound: there is no such task.
        WrongState: it has ended.
    """
    return _end(_lock(task_id), TaskEnd.DISMISSED, actor, at)


def open_tasks(case: Case) -> list[RuleTask]:
    """What rules have left on a case, the longest first, with what they would give."""
    return list(
        RuleTask.objects.filter(case=case, end="")
        .select_related("version__rule", "give__template", "gap")
        .prefetch_related("version__gives__template")
        .order_by("made_at", "pk")
    )


def _lock(task_id: int) -> RuleTask:
    case_id = RuleTask.objects.filter(pk=task_id).values_list("case", flat=True).first()
    if case_id is None:
        raise NotFound
    lock(case_id)
    task = RuleTask.objects.select_related("case__order", "gap", "version__rule", "give__template").get(
        pk=task_id
    )
    if task.end:
        raise WrongState(_("This has already ended: %(status)s.") % {"status": task.get_end_display()})
    return task


def _end(task: RuleTask, end: TaskEnd, actor: User, at: datetime) -> RuleTask:
    task.end, task.ended_by, task.ended_at = end, actor, at
    task.save(update_fields=["end", "ended_by", "ended_at"])
    record("rule.task_ended", task.case, actor=actor, at=at, task=task.pk, end=end)
    return task
