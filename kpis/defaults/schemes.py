"""The schemes of appraisal that ship; satisfaction is 20 % of an agent's score."""

from datetime import date, datetime
from decimal import Decimal

from django.contrib.auth.models import Group

from config.common.seeding import never_given
from feedback.defaults.roles import ROLES
from feedback.models import Department
from kpis.appraisals import schemes
from kpis.appraisals.schemes import Line
from kpis.models import JudgedBy, MetricCode, Scheme

EVER = date(2000, 1, 1)
HOUR = 3600


def _figure(
    metric: MetricCode, weight: int, floor: str, goal: str, *, of: JudgedBy = JudgedBy.OWN, n: int = 0
) -> Line:
    is_satisfaction = metric in {
        MetricCode.CSAT, MetricCode.FIRST_REPLY_TIME, MetricCode.COMPLAINT_RATE, MetricCode.NPS,
    }  # fmt: skip
    return Line(
        judged_by=of,
        metric=metric,
        weight=weight,
        floor=Decimal(floor),
        goal=Decimal(goal),
        least_n=n,
        is_satisfaction=is_satisfaction,
    )


MARK = Line(judged_by=JudgedBy.MARK, weight=20, name="上级评价", name_en="Lead's mark")
AGENTS = (
    _figure(MetricCode.CSAT, 10, "3", "4.5", n=10),
    _figure(MetricCode.FIRST_REPLY_TIME, 5, f"{4 * HOUR}", f"{HOUR // 2}", n=20),
    _figure(MetricCode.COMPLAINT_RATE, 5, "3", "1", of=JudgedBy.COMPANY),
    _figure(MetricCode.RESOLUTION, 30, "70", "95", n=20),
    _figure(MetricCode.QUALITY, 30, "60", "90", n=4),
    MARK,
)
OPERATIONS = (
    _figure(MetricCode.NPS, 10, "0", "50", of=JudgedBy.COMPANY, n=30),
    _figure(MetricCode.COMPLAINT_RATE, 10, "3", "1", of=JudgedBy.COMPANY),
    _figure(MetricCode.GAP_RATE, 20, "20", "5", of=JudgedBy.COMPANY),
    _figure(MetricCode.REPURCHASE, 20, "10", "25", of=JudgedBy.COMPANY),
    _figure(MetricCode.REVIEW_SCORE, 20, "3.5", "4.6", of=JudgedBy.COMPANY),
    MARK,
)


def seed(at: datetime) -> None:
    """Make the schemes of agents and of operations, once."""
    role = Group.objects.filter(name=ROLES["agent"].name).first()
    department = Department.objects.filter(code="operations").first()
    wanted = {
        "agents": ("客服考核", "Agents", {"group": role}, AGENTS) if role else None,
        "operations": ("运营考核", "Operations", {"department": department}, OPERATIONS)
        if department
        else None,
    }
    known = list(Scheme.objects.values_list("code", flat=True))
    for code in never_given("scheme", [code for code, one in wanted.items() if one], before=known, at=at):
        name, name_en, whose, lines = wanted[code]  # type: ignore[misc]  # those that are none were left out
        made = Scheme.objects.create(code=code, name=name, name_en=name_en, **whose)
        schemes.set_version(scheme_id=made.pk, since=EVER, lines=lines, actor=None, at=at)
