"""How long this app keeps what."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.retention import Kind, Part

YEARS = 5 * 365

KINDS = [
    Kind(
        code="improvements",
        name=_("texts of improvements that have ended, and who was told of them"),
        days=YEARS,
        source=_("So long it is worth knowing what was tried; figures and verdicts stay."),
        parts=[
            Part(label="kpis.ImprovementTold", at="at"),
            Part(label="kpis.ImprovementTask", at="improvement__ended_at", columns=("text",)),
            Part(label="kpis.Why", at="improvement__ended_at", columns=("text",)),
            Part(label="kpis.Improvement", at="ended_at", columns=("problem",)),
        ],
    ),
    Kind(
        code="experiments",
        name=_("who had which variant in experiments that were decided, and what was written about them"),
        days=YEARS,
        source=_("So long it is worth knowing what was tried; results stay."),
        parts=[
            Part(label="kpis.Exposure", at="experiment__decided_at"),
            Part(
                label="kpis.Experiment",
                at="decided_at",
                columns=("hypothesis", "stop_reason", "reason"),
            ),
        ],
    ),
    Kind(
        code="appraisals",
        name=_("what was written in appraisals and appeals"),
        days=YEARS,
        source=_("So long what was decided about somebody can be looked up; scores stay."),
        parts=[
            Part(label="kpis.AppraisalMark", at="at", columns=("remark",)),
            Part(label="kpis.AppraisalScore", at="at", columns=("reason",)),
            Part(label="kpis.AppraisalAppeal", at="at", columns=("text", "answer")),
        ],
    ),
    Kind(
        code="trainings",
        name=_("notes on trainings, and why they were cancelled"),
        days=YEARS,
        source=_("So long what was taught can be looked up; who was there and what came of it stays."),
        parts=[Part(label="kpis.Training", at="starts_at", columns=("notes", "reason"))],
    ),
    Kind(
        code="reports",
        name=_("comments and decisions on reports"),
        days=YEARS,
        source=_("So long decisions can be looked up; the reports themselves name nobody and stay."),
        parts=[Part(label="kpis.ReportNote", at="at", columns=("text",))],
    ),
    Kind(
        code="task_forces",
        name=_("minutes of task forces, and the words of decisions that are done"),
        days=YEARS,
        source=_("So long decisions can be looked up; agendas, attendance and days stay."),
        parts=[
            Part(label="kpis.Meeting", at="ended_at", columns=("minutes",)),
            Part(label="kpis.Topic", at="meeting__ended_at", columns=("said",)),
            Part(
                label="kpis.Resolve",
                at="meeting__ended_at",
                only=Q(done_at__isnull=False),
                columns=("text", "outcome"),
            ),
        ],
    ),
    Kind(
        code="loyalty",
        name=_("loyalty of members by month"),
        days=3 * 365,
        source=_("So long a member's course is worth knowing; how all stood stays with the month."),
        parts=[Part(label="kpis.LoyaltyMonth", at="month")],
    ),
]
