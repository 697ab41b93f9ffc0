"""Appraisals: one's own, a department's month with its marks, one with its appeal, and files of them."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from config.common.asked import id_in, within_years
from config.common.errors import DomainError, Invalid
from config.common.events import timeline
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sheets import EXPORTS, FILES, Row, Table
from feedback.admin.access import needs
from feedback.admin.files import answer
from feedback.admin.listening import perform
from kpis.appraisals import appealing, deadline, held, marks, queries, reckoning, scoring
from kpis.appraisals.held import DECIDE, EXPORT, MARK, SCORE, SEE_TEAM, SET, VIEW
from kpis.appraisals.lacking import lacks
from kpis.metrics.catalogue import METRICS
from kpis.models import AppealState, AppraisalAppeal, JudgedBy, MetricCode
from kpis.training.held import PLAN
from kpis.training.queries import answers

YEARS, ROUNDING = 24, 0.05
VIEW_SCHEME = "kpis.view_scheme"


class MonthForm(forms.Form):
    """Which month."""

    month = forms.DateField(
        label=pgettext_lazy("appraisal", "month"),
        input_formats=["%Y-%m"],
        validators=[within_years],
        widget=forms.DateInput(format="%Y-%m", attrs={"type": "month"}),
    )


def _month(asked: Any) -> date | None:
    """The month that an address or form names, else the one before this; None where it names none."""
    if "month" not in asked:
        return (timezone.localdate().replace(day=1) - timedelta(1)).replace(day=1)
    form = MonthForm(asked)
    return form.cleaned_data["month"] if form.is_valid() else None


@require_safe
@needs(VIEW)
def mine(request: StaffRequest) -> HttpResponse:
    """One's own appraisals."""
    context = {"rows": queries.mine(request.user, limit=YEARS), "sees_team": request.user.has_perm(SEE_TEAM)}
    return page(request, "kpis/appraisals/mine.html", context)


@require_safe
@needs(SEE_TEAM)
def team(request: StaffRequest) -> HttpResponse:
    """A month of the departments that one sees."""
    known = queries.months(request.user)
    asked = request.GET if "month" in request.GET or not known else {"month": f"{known[0]:%Y-%m}"}
    month = _month(asked)
    if month is None:
        raise Http404
    return _team(request, month)


def _team(request: StaffRequest, month: date, *, error: DomainError | None = None) -> HttpResponse:
    user = request.user
    context = {
        "month": month,
        "form": MonthForm(initial={"month": month}),
        "months": queries.months(user)[:YEARS],
        "rows": queries.team(user, month),
        "to_mark": queries.to_mark(user, month),
        "appeals": list(queries.to_decide(user).select_related("score__appraisal__agent__user")[:YEARS]),
        "is_closed": reckoning.is_closed(month),
        "may_score": user.has_perm(SCORE),
        "files": list(FILES) if user.has_perm(EXPORT) and user.has_perm(EXPORTS) else [],
        "sees_schemes": user.has_perm(VIEW_SCHEME) or user.has_perm(SET),
        "error": error,
    }
    return page(request, "kpis/appraisals/team.html", context, status=error.status if error else 200)


@require_safe
@needs(VIEW, SEE_TEAM)
def one(request: StaffRequest, pk: int) -> HttpResponse:
    """One appraisal."""
    return _show(request, pk)


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    user = request.user
    found = queries.shown(held.visible_to(user).filter(pk=pk)).first()
    if found is None:
        raise Http404
    (row,) = queries.with_later([queries.Row(found, list(found.scores.all()))])
    open_one = row.appeal if row.appeal and row.appeal.state == AppealState.OPEN else None
    subjects, now = held.subjects(found), timezone.now()
    is_theirs = user.pk in subjects
    context = {
        "row": row,
        "one": found,
        "lines": _lines(row.newest.numbers["lines"]),
        "appeals": [score.appeal for score in row.scores if getattr(score, "appeal", None)],
        "last_day": appealing.last_day(row.newest),
        "may_appeal": is_theirs and appealing.is_open(row.newest, now),
        "to_decide": open_one if open_one and _may_decide(user, open_one, subjects) else None,
        "may_score": _may_score(user, row) and not is_theirs and open_one is None,
        "answers": answers(user, found, lacks(found.agent, found.month)) if found.agent else [],
        "history": timeline([found])[:30],
        "is_theirs": is_theirs,
        "plans": user.has_perm(PLAN),
        "error": error,
        "typed": request.POST,
    }
    return page(request, "kpis/appraisals/one.html", context, status=error.status if error else 200)


def _may_decide(user: User, found: AppraisalAppeal, subjects: set[int]) -> bool:
    return user.has_perm(DECIDE) and user.pk not in {*subjects, found.by_id, *deadline.judges(found)}


def _may_score(user: User, row: queries.Row) -> bool:
    """Whether somebody may score again: something new is known, and it comes to another score."""
    is_new = row.differs and row.later != row.newest.score
    return is_new and user.has_perm(SCORE) and scoring.may_replace(row.newest, user)


def _lines(numbers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a score as a table shows them."""
    return [
        {
            **line,
            "metric": METRICS[MetricCode(line["metric"])] if line["metric"] else None,
            "whose": JudgedBy(line["judged_by"]).label,
            "believed": round(100 * (line["credibility"] or 0)),
            "is_spread": line["share"] is not None and abs(line["share"] - line["weight"]) > ROUNDING,
        }
        for line in numbers
    ]


@require_POST
@needs(VIEW)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Do one thing with an appraisal."""
    if name not in ACTS:
        raise Http404
    given = {"appraisal_id": pk, "actor": request.user, "at": timezone.now()}
    return perform(
        request,
        VIEW,
        lambda: ACTS[name](request, given),
        lambda error: _show(request, pk, error=error),
        lambda _done: redirect("admin:appraisal", pk),
    )


def _decide(request: StaffRequest, given: dict[str, Any]) -> Any:
    score = None
    if request.POST.get("verdict") != "refuse":
        score = _points(request.POST.get("score", ""))
    return appealing.decide(
        **given,
        appeal_id=id_in(request.POST.get("appeal")) or 0,
        score=score,
        answer=request.POST.get("answer", ""),
    )


def _points(text: str) -> Decimal:
    try:
        return Decimal(text[:12])
    except InvalidOperation as error:
        raise Invalid(_("Points go from 0 to 100."), field="score") from error


ACTS: dict[str, Callable[[StaffRequest, dict[str, Any]], Any]] = {
    "appeal": lambda request, given: appealing.appeal(**given, text=request.POST.get("text", "")),
    "decide": _decide,
    "again": lambda request, given: scoring.score_again(**given, reason=request.POST.get("reason", "")),
}
"""What can be done, by its name in the address; each asks for the rights anew."""


@require_POST
@needs(SCORE)
def score(request: StaffRequest) -> HttpResponse:
    """Score a closed month."""
    month = _month(request.POST)
    if month is None or "month" not in request.POST:
        raise Http404
    try:
        done = scoring.score_month(month=month, actor=request.user, at=timezone.now())
    except DomainError as error:
        return _team(request, month, error=error)
    messages.success(request, now_("%(n)s appraisals were made.") % {"n": done.made})
    for scheme in done.without:
        messages.warning(request, now_("%(scheme)s: no version holds for this month.") % {"scheme": scheme})
    return _back(month)


@require_POST
@needs(MARK)
def mark(request: StaffRequest) -> HttpResponse:
    """Give somebody's month a mark."""
    month = _month(request.POST)
    if month is None or "month" not in request.POST:
        raise Http404
    asked = [one for one in queries.to_mark(request.user, month) if one.name == request.POST.get("whose")]
    if not asked:
        raise Http404
    return perform(
        request,
        MARK,
        lambda: marks.give_mark(
            line_id=asked[0].line.pk,
            month=month,
            person=asked[0].person,
            points=_whole(request.POST.get("points", "")),
            remark=request.POST.get("remark", ""),
            actor=request.user,
            at=timezone.now(),
        ),
        lambda error: _team(request, month, error=error),
        lambda _done: _back(month),
    )


def _whole(text: str) -> int:
    number = id_in(text)
    return -1 if number is None else number


def _back(month: date) -> HttpResponse:
    return redirect(f"{reverse('admin:appraisal_team')}?month={month:%Y-%m}")


@require_safe
@needs(EXPORT)
def file(request: StaffRequest, kind: str) -> HttpResponseBase:
    """Take the appraisals of a month out as a file; what a cell begins with is never run."""
    month = _month(request.GET)
    if month is None:
        raise Http404
    if not request.user.has_perm(SEE_TEAM):
        raise PermissionDenied
    rows = queries.team(request.user, month)
    table = Table(
        name="appraisals",
        head=[
            pgettext_lazy("appraisal", "month"),
            _("scheme"),
            _("who"),
            _("department"),
            pgettext_lazy("appraisal", "score"),
            _("state"),
            *_head(rows),
        ],
        number=len(rows),
        rows=lambda: _cells(rows),
        filters={"month": f"{month:%Y-%m}"},
    )
    return answer(request, kind, table, back=reverse("admin:appraisal_team"))


def _head(rows: list[queries.Row]) -> list[str]:
    longest = max((len(row.newest.numbers["lines"]) for row in rows), default=0)
    return [str(number) for number in range(1, longest + 1)]


def _cells(rows: list[queries.Row]) -> Iterator[Row]:
    for row in rows:
        state = row.appeal.get_state_display() if row.appeal else ""
        yield [
            f"{row.appraisal.month:%Y-%m}", row.appraisal.scheme, row.appraisal.who, row.appraisal.department,
            None if row.newest.score is None else float(row.newest.score), state,
            *(_cell(line) for line in row.newest.numbers["lines"]),
        ]  # fmt: skip


def _cell(line: dict[str, Any]) -> str:
    name = MetricCode(line["metric"]).label if line["metric"] else line["name"]
    return f"{name}: {'—' if line['points'] is None else round(line['points'], 1)} × {line['weight']} %"


APPRAISAL_PAGES = [
    Page("appraisals/", mine, "appraisals"),
    Page("appraisals/team/", team, "appraisal_team"),
    Page("appraisals/score/", score, "appraisal_score"),
    Page("appraisals/mark/", mark, "appraisal_mark"),
    Page("appraisals/file/<slug:kind>/", file, "appraisal_file"),
    Page("appraisals/<int:pk>/", one, "appraisal"),
    Page("appraisals/<int:pk>/<slug:name>/", act, "appraisal_act"),
]
APPRAISAL_MENU = [
    MenuItem(_("My appraisals"), "appraisals", "workspace_premium", (VIEW,)),
    MenuItem(_("Appraisals"), "appraisal_team", "leaderboard", (SEE_TEAM,), queries.to_decide, group="lead"),
]
