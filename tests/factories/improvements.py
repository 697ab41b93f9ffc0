"""Improvements in any state, and days of figures for them, for tests."""

from datetime import timedelta
from decimal import Decimal

from feedback.models import Department
from kpis.improvements import causes, commands
from kpis.improvements.commands import Aim
from kpis.models import MetricCode, Snapshot
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory

AIM = Aim(metric=MetricCode.GAP_RATE, expected=Decimal(5), dimension="region", key="沪", control_key="粤")


def staff(department: Department | None, role: str = "supervisor", **fields):
    """Somebody of a department."""
    user = StaffFactory(role=role, is_staff=True)
    if department is not None:
        AgentFactory(user=user, departments=[department], **fields)
    return type(user).objects.get(pk=user.pk)


def improvement(department=None, *, aim=AIM, at=T0, **fields):
    """One that is proposed."""
    return commands.propose(
        title=fields.pop("title", "雨天改发顺丰"),
        kind=fields.pop("kind", "supplier"),
        department=department or DepartmentFactory(),
        aim=aim,
        actor=None,
        at=at,
        **fields,
    )


def accepted(department=None, *, owner=None, days=10, at=T0, **fields):
    found = improvement(department, at=at, **fields)
    given = {"owner": owner or staff(found.department, "agent"), "due_on": at.date() + timedelta(days)}
    return commands.accept(improvement_id=found.pk, **given, actor=None, at=at)


def under_way(department=None, *, at=T0, **fields):
    found = accepted(department, at=at, **fields)
    return commands.start(improvement_id=found.pk, actor=None, at=at)


def carried_out(department=None, *, at=T0, **fields):
    found = under_way(department, at=at, **fields)
    return commands.carry_out(improvement_id=found.pk, actor=None, at=at + timedelta(days=1))


def fill(first, days, *, n, hits, key="沪", metric=MetricCode.GAP_RATE):
    """The same counts for some days."""
    Snapshot.objects.bulk_create(
        Snapshot(
            metric=metric,
            dimension="region",
            key=key,
            day=first + timedelta(number),
            n=n,
            total=hits,
            squares=hits,
            computed_at=T0,
        )
        for number in range(days)
    )


def better(found, *, control=True):
    """Days before with a fifth late, days after with a twentieth; the control group stays."""
    fill(T0.date() - timedelta(28), 28, n=100, hits=20)
    fill(T0.date() + timedelta(2), 60, n=100, hits=5)
    if control:
        fill(T0.date() - timedelta(28), 90, n=100, hits=20, key="粤")
    return T0 + timedelta(days=31)


def proved(department=None, **fields):
    found = carried_out(department, **fields)
    commands.check(improvement_id=found.pk, actor=None, at=better(found))
    found.refresh_from_db()
    return found


def why(found, text="快递网点爆仓", parent=None):
    return causes.add_why(
        improvement_id=found.pk, text=text, parent_id=parent.pk if parent else None, actor=None, at=T0
    )


def ground(of, source, row):
    return causes.add_row(
        improvement_id=of.improvement_id, why_id=of.pk, source=source, row_id=row.pk, actor=None, at=T0
    )
