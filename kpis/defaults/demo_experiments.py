"""Two experiments of the demo shop: one that was decided, about the words of a survey, and one that runs.

Members are exposed by the same hook as in the shop's own work, at the moments at which they would have been.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from config.common import variants
from config.common.errors import Invalid
from config.common.variants import Kind
from feedback.models import Case, CaseKind, Department
from kpis.experiments import commands, judging, planning
from kpis.experiments.kinds import KINDS
from kpis.experiments.planning import Judging
from kpis.models import ArmCode, Experiment, Finding
from surveys.models import AskChannel, CampaignWording, Invitation

WORDS = {
    "title": "{member|您好}，只要一分钟：这个季度我们做得怎么样？",
    "title_en": "{member|Hello}, just a minute: how did we do this quarter?",
    "body": "五道小题，您的每一条意见都有人看。",
    "body_en": "Five short questions; somebody reads every word.",
}
ASKING = Judging(outcome="answered", effect=Decimal(25), window=14, days=21)
GIVING = Judging(outcome="csat", effect=Decimal("0.5"), window=14, days=42)
COUPON = "playbook:late:1:coupon"
SINCE = timedelta(days=10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def seed(at: datetime) -> None:
    """Plan, begin and, as far as its time is over, decide them."""
    department = Department.objects.filter(code="service").first()
    if department is not None:
        _asked(department, at)
        with suppress(Invalid):  # too little was measured before to plan by
            _given(department, at)


def _asked(department: Department, at: datetime) -> None:
    """The latest round of a survey by e-mail that is long enough ago to be judged."""
    wording = CampaignWording.objects.filter(campaign__code="quarterly", channel=AskChannel.EMAIL).first()
    asked = Invitation.objects.filter(wave__campaign__code="quarterly", channel=AskChannel.EMAIL)
    newest = asked.filter(invited_at__lt=at - timedelta(ASKING.days + 2)).order_by("-invited_at").first()
    if wording is None or newest is None:
        return
    begin = newest.invited_at - HOUR
    found = _begun(
        begin,
        title="季度问卷：标题先说要花多久",
        hypothesis="先说只要一分钟，愿意答的人会更多。",
        department=department,
        kind=Kind.WORDING,
        key=str(wording.pk),
        variant=WORDS,
        judging=ASKING,
        guards={"complaint_rate": Decimal(3)},
    )
    rows = asked.filter(invited_at=newest.invited_at).values_list("member", "invited_at")
    _expose(found, rows.order_by("pk"))
    end = begin + timedelta(ASKING.days + 1)
    if not judging.progress(found, at=end).is_full(found):
        return  # too few were asked that time: it goes on
    done = commands.end(experiment_id=found.pk, actor=None, at=end)
    is_better = done.finding == Finding.BETTER
    commands.decide(
        experiment_id=found.pk,
        keep=ArmCode.B if is_better else ArmCode.A,
        reason="回答的人更多，护栏没有变差。" if is_better else "看不出差别，保留原来的说法。",
        actor=None,
        at=end + DAY,
    )


def _given(department: Department, at: datetime) -> None:
    """Another coupon for what came late: members who complained in the last days."""
    setting = KINDS[Kind.COMPENSATION]
    now = setting.now(COUPON)
    if now is None:
        return
    other = next((one for one, _name in setting.asks(now)[0].choices if one != str(now["value"])), None)
    if other is None:
        return
    found = _begun(
        at - SINCE,
        title="延误：换一张券，满意度会不会更高",
        hypothesis="延误的会员更在意补偿的力度，还是更在意回复的速度？先试力度。",
        department=department,
        kind=Kind.COMPENSATION,
        key=COUPON,
        variant={"value": other},
        judging=GIVING,
        guards={"cost": Decimal(800), "reopened_rate": Decimal(5)},
    )
    cases = Case.objects.filter(kind=CaseKind.COMPLAINT, opened_at__gte=at - SINCE, opened_at__lt=at)
    _expose(found, cases.order_by("opened_at").values_list("member", "opened_at"))


def _begun(at: datetime, **plan: Any) -> Experiment:
    made = planning.plan(**plan, actor=None, at=at)
    return commands.start(experiment_id=made.pk, actor=None, at=at)


@transaction.atomic
def _expose(experiment: Experiment, rows: Iterable[tuple[int | None, datetime]]) -> None:
    for member, at in rows:
        if member is not None:
            variants.choose(Kind(experiment.kind), experiment.key, member_id=member, at=at)
