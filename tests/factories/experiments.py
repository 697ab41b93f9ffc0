"""Experiments in any state, and members who were exposed, for tests."""

from datetime import timedelta
from decimal import Decimal

from compensation.models import Order
from config.common import variants
from config.common.variants import Kind
from feedback.models import Playbook
from kpis.experiments import commands, planning
from kpis.experiments.planning import Judging
from kpis.experiments.rules import arm_of
from kpis.models import Experiment, ExperimentArm, Exposure
from tests.factories.compensation import T0, MemberFactory, OrderFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.knowledge import make_playbook

KEY = "playbook:damaged:1:points"
JUDGING = Judging(outcome="complaint_rate", effect=Decimal(25), window=7, days=28)
DAY = timedelta(days=1)
ENDED = T0 + 40 * DAY


def before(*, n=40, complained=14, at=T0):
    """Members who ordered in the last months, some of whom complained soon after."""
    if Order.objects.filter(external_id__startswith="before").exists():
        return
    for number in range(n):
        days = dict.fromkeys(("placed_at", "paid_at", "changed_at"), at - 30 * DAY)
        order = OrderFactory(external_id=f"before-{number}", **days)
        if number < complained:
            complain([order.member_id], at=at - 29 * DAY)


def planned(department=None, *, at=T0, judging=JUDGING, **fields) -> Experiment:
    """A draft; unless told otherwise of the points that a playbook gives."""
    before(at=at)
    if "key" not in fields and not Playbook.objects.filter(code="damaged").exists():
        make_playbook(remedies=[100])
    return planning.plan(
        title=fields.pop("title", "更多积分"),
        department=department or DepartmentFactory(),
        kind=fields.pop("kind", "compensation"),
        key=fields.pop("key", KEY),
        variant=fields.pop("variant", {"value": "300"}),
        judging=judging,
        guards=fields.pop("guards", {"cost": Decimal(500), "reopened_rate": Decimal(5)}),
        actor=fields.pop("actor", None),
        at=at,
        **fields,
    )


def running(department=None, *, at=T0, **fields) -> Experiment:
    found = planned(department, at=at, **fields)
    return commands.start(experiment_id=found.pk, actor=None, at=at)


def expose(experiment, number, *, at=T0 + DAY, key=None):
    """Expose so many new members; gives those of each arm."""
    arms: dict[str, list[int]] = {"a": [], "b": []}
    known = {arm.code: arm for arm in experiment.arms.all()}
    weights = {code: arm.weight for code, arm in known.items()}
    rows = []
    for member in (MemberFactory() for _one in range(number)):
        code = arm_of(experiment.salt, member.pk, weights)
        arms[code].append(member.pk)
        rows.append(Exposure(experiment=experiment, arm=known[code], member=member, at=at))
    Exposure.objects.bulk_create(rows)
    return arms


def complain(members, *, at=T0 + 2 * DAY):
    """Each of some members files a complaint."""
    for member in members:
        CaseFactory(member_id=member, kind="complaint", opened_at=at)


def full(department=None, *, share_a=0.5, share_b=0.5, number=260, at=T0, **fields) -> Experiment:
    """One that runs, has been over its days and size by `ENDED`, and in which so many have complained."""
    found = running(department, at=at, **fields)
    arms = expose(found, number, at=at + DAY)
    for code, share in (("a", share_a), ("b", share_b)):
        complain(arms[code][: round(share * len(arms[code]))], at=at + 2 * DAY)
    return found


def ended(department=None, **fields) -> Experiment:
    found = full(department, **fields)
    return commands.end(experiment_id=found.pk, actor=None, at=ENDED)


def choose(member_id, *, kind=Kind.COMPENSATION, key=KEY, at=T0 + DAY):
    """What a member gets of a setting."""
    return variants.choose(kind, key, member_id=member_id, at=at)


def drafted(department, member, at) -> Experiment:
    """A row of each table for whoever looks at all tables: no setting, no figure behind it."""
    found = Experiment.objects.create(
        title="x", hypothesis="x", department=department, kind="target", key="x:first_reply", named="x",
        outcome="csat", baseline=4, effect=1, power=Decimal("0.8"), size=30, window=7, days=28, salt="x",
        made_at=at,
    )  # fmt: skip
    arms = [
        ExperimentArm.objects.create(experiment=found, code=code, weight=50, content={"seconds": 60 * number})
        for number, code in enumerate("ab", start=1)
    ]
    Exposure.objects.create(experiment=found, arm=arms[0], member=member, at=at)
    return found
