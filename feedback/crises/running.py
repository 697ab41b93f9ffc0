"""The same to all cases of a crisis: answered or resolved by a bulk run, which workers carry on."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, KeyReused
from config.common.events import record
from config.common.models import User
from feedback.cases import rules as cases
from feedback.crises.joining import locked
from feedback.desk import bulk
from feedback.models import BulkRun, Case, CrisisRun
from feedback.playbooks import texts

ANSWER, RESOLVE = "reply", "resolve"
MOST = 30_000
"""Cases in one run."""
STEP = 25
LENGTH = 5_000


@transaction.atomic
def begin(
    *, crisis_id: int, doing: str, content: Mapping[str, str], key: str, actor: User, at: datetime
) -> BulkRun:
    """Put down an answer to all cases of a crisis that are worked on, or their resolving; workers do it.

    `content` has `message`, `message_en` if any, and `then` or `resolution`. The same key gives the same run.
    Cases that this person does not see, or that are none of their departments', are left out or refused.

    Raises:
        NotFound, WrongState: there is no such crisis, or it does not go on.
        Invalid: nothing is said, a name in it is unknown, or there are no cases.
        KeyReused: the key came before with other content.
    """
    if doing not in {ANSWER, RESOLVE}:
        raise Invalid(_("Choose something first."))
    crisis = locked(crisis_id)
    said = {name: cases.clean_text(content.get(name, ""), limit=LENGTH) for name in ("message", "message_en")}
    if not said["message"]:
        raise Invalid(_("Write something first."))
    for text in said.values():
        texts.check(text)
    known = BulkRun.objects.filter(user=actor, key=key).first()
    inside = Case.objects.filter(crises__crisis=crisis, crises__is_live=True)
    wanted = (
        list(known.cases)
        if known
        else list(
            inside.filter(status__in=list(cases.WORKED), merged_into=None, member__erased_at=None)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
    )
    more = {name: content[name] for name in ("then", "resolution") if content.get(name)}
    run = bulk.begin(
        key=key, doing=doing, content={**said, **more}, case_ids=wanted, most=MOST, actor=actor, at=at
    )
    row, is_new = CrisisRun.objects.get_or_create(run=run, defaults={"crisis": crisis})
    if row.crisis_id != crisis.pk:
        raise KeyReused
    if is_new:
        record(
            "crisis.answered" if doing == ANSWER else "crisis.resolved", crisis, actor=actor, at=at,
            cases=len(run.cases), run=run.pk,
        )  # fmt: skip
    return run


def go_on_all(*, now: Callable[[], datetime], seconds: float = 50) -> int:
    """Carry on the runs that are not done, for so long; gives how many steps were made."""
    until = time.monotonic() + seconds
    steps = 0
    for row in CrisisRun.objects.filter(is_done=False).select_related("run__user").order_by("pk"):
        left = 1
        while left and time.monotonic() < until:
            left = bulk.go_on(run_id=row.run_id, actor=row.run.user, at=now(), limit=STEP)
            steps += 1
        if not left:
            CrisisRun.objects.filter(pk=row.pk).update(is_done=True)
    return steps
