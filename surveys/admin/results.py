"""The results of a campaign: figures, trends, groups, crosstabs, words, as far as a person may see them."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Max
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.handing_out import answer, filters, offered
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sheets import MOST_ROWS, Table
from feedback.admin.access import needs
from surveys.admin.looking import look_at
from surveys.admin.result_files import FILE_PAGES, own
from surveys.admin.results_drawing import chart, kano_square
from surveys.models import Dimension
from surveys.responses.recovery import recovery
from surveys.results import answers, breakdown, crosstab, export, keywords, rates, sums, trend
from surveys.results.asking import (
    Look,
    dimension_in,
    month_in,
    question_in,
    rate_of,
    visible_campaigns,
    words_of,
)
from surveys.results.dimensions import offered as dimensions_of
from surveys.results.figures import SATISFIED, Told
from surveys.results.reach import READS, WORKS
from surveys.results.rows import responses

BAR = 90
HOURS, SIX_DAYS = range(24), timedelta(days=6)
DRAWN = ("csat", "stars", "likert", "ces", "nps", "consent")
"""Kinds of questions whose trend is drawn; the table has all."""


@require_GET
@needs(READS, WORKS)
def everything(request: StaffRequest) -> HttpResponse:
    """The campaigns with answers that this person may see."""
    sums.look()
    campaigns = list(
        visible_campaigns(request.user).annotate(last=Max("waves__opens_at")).filter(last__isnull=False)
    )
    campaigns.sort(key=lambda one: (one.last, one.code), reverse=True)
    return page(request, "surveys/results/all.html", {"campaigns": campaigns})


@require_GET
@needs(READS, WORKS)
def results(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """The figures of a wave, question by question."""
    at = timezone.now()
    found = look_at(request, campaign_id, at)
    everyone = answers.everyone(found.source, timed=True)
    told = [everyone.told(one) for one in found.questions]
    told = [one for one in told if one.n or one.n is None or one.asked.is_current]
    weighted = breakdown.weighted_figures(found.source)
    by = request.GET.get("kano", "")
    by = by if by in dimensions_of(found.campaign) else ""
    context = _context(found, "survey_results") | {
        "everyone": everyone,
        "rate": rate_of(found),
        "begun": rates.begun(found.source.cut.waves) if not found.source.cut.narrow else None,
        "followed_up": _followed_up(found),
        "recovery": None if found.campaign.is_anonymous else recovery(responses(found.source.cut), at=at),
        "told": [(one, weighted.get(one.asked.name)) for one in told],
        "is_weighted": bool(weighted),
        "hours": _hours(everyone.hours),
        "waited": _waited(everyone.waited),
        "stops": _stops(found, everyone),
        "kano": kano_square(breakdown.kano(found.source, by, everyone)),
        "kano_by": by,
        "dimensions": dimensions_of(found.campaign),
        "satisfied": SATISFIED,
        "formats": offered(request),
        "parts": _parts(everyone),
        "told_up_to": _told_up_to(found),
        **own(request, campaign_id),
    }
    return page(request, "surveys/results/overview.html", context, at=at)


@require_GET
@needs(READS, WORKS)
def trends(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """The waves side by side."""
    at = timezone.now()
    found = look_at(request, campaign_id, at, whole=True)
    told = trend.trend(found.source)
    drawn = [chart(line) for line in told.lines if line.asked.kind in DRAWN and len(told.waves) > 1]
    context = _context(found, "survey_trend") | {"trend": told, "charts": drawn}
    return page(request, "surveys/results/trend.html", context, at=at)


@require_GET
@needs(READS, WORKS)
def groups(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """A question by segment, agent, product or whatever answers are told apart by."""
    at = timezone.now()
    found = look_at(request, campaign_id, at)
    by = dimension_in(found.campaign, request.GET.get("by", ""), Dimension.SEGMENT)
    chosen = question_in(found.questions, request.GET.get("question", ""))
    name = request.GET.get("measure", "")
    context = _context(found, "survey_groups") | {
        "by": by,
        "by_name": dimensions_of(found.campaign)[by],
        "chosen": chosen,
        "dimensions": dimensions_of(found.campaign),
        "breakdown": breakdown.breakdown(found.source, chosen, by, name=name) if chosen else None,
    }
    return page(request, "surveys/results/groups.html", context, at=at)


@require_GET
@needs(READS, WORKS)
def cross(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """A question against another, or against something known."""
    at = timezone.now()
    found = look_at(request, campaign_id, at)
    crossed = crosstab.crossed(found.questions)
    down, across = (request.GET.get(name, "") for name in ("down", "across"))
    one = question_in(crossed, down)
    known = dimensions_of(found.campaign)
    others = [] if found.campaign.is_anonymous else [other for other in crossed if other is not one]
    other = answers.question_of(others, across)
    by = "" if other else dimension_in(found.campaign, across.removeprefix("by-"))
    table = None
    if one is not None:
        if other is not None:
            table = crosstab.by_question(found.source, one, other)
        else:
            table = crosstab.by_dimension(found.source, one, by)
    context = _context(found, "survey_crosstab") | {
        "crossed": crossed,
        "others": others,
        "down": one,
        "across": other,
        "by": by,
        "dimensions": known,
        "table": table,
    }
    return page(request, "surveys/results/crosstab.html", context, at=at)


@require_GET
@needs(READS, WORKS)
def words(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """What open answers speak of, a month against the one before."""
    at = timezone.now()
    found = look_at(request, campaign_id, at, whole=True)
    month = month_in(request.GET.get("month", ""), at)
    context = _context(found, "survey_words") | {
        "month": month,
        "words": words_of(found, month),
        "has_texts": bool(keywords.texts_of(found.questions)),
    }
    return page(request, "surveys/results/words.html", context, at=at)


@require_GET
@needs(READS, WORKS)
def file(request: StaffRequest, campaign_id: int, kind: str) -> HttpResponseBase:
    """The responses as a file, with their codebook."""
    at = timezone.now()
    found = look_at(request, campaign_id, at)
    sheet = export.sheet(found.source, id_in(request.GET.get("part")) or 0)
    codebook = export.codebook(found.campaign.survey, found.questions)
    table = Table(
        f"survey-{found.campaign.code}",
        sheet.head,
        sheet.number,
        lambda: sheet.rows,
        {"campaign": found.campaign.code, "wave": found.wave, **filters(request)},
        {str(_("Codebook")): codebook},
    )
    return answer(request, kind, table, back=reverse("admin:survey_results", args=[campaign_id]))


@require_GET
@needs(READS, WORKS)
def codebook(request: StaffRequest, campaign_id: int, kind: str) -> HttpResponseBase:
    """What each column of the responses holds, for those who take them as CSV."""
    found = look_at(request, campaign_id, timezone.now())
    head, *rows = export.codebook(found.campaign.survey, found.questions)
    table = Table(f"codebook-{found.campaign.code}", head, len(rows), lambda: rows)
    return answer(request, kind, table, back=reverse("admin:survey_results", args=[campaign_id]))


def _context(found: Look, page: str) -> dict[str, Any]:
    """What every page of results shows around what is its own."""
    return {
        "look": found,
        "campaign": found.campaign,
        "fields": found.fields(),
        "page": page,
        "query": found.query,
        "few": found.source.few,
        "smallest": found.source.smallest,
    }


def _followed_up(found: Look) -> int:
    return responses(found.source.cut).filter(follow_up__isnull=False).count()


def _hours(counts: dict[str, int]) -> list[tuple[int, int, float, float]]:
    """By hour of the day how many answered, from where its bar goes down, and how far."""
    most = max(counts.values(), default=0)
    sizes = [(hour, counts.get(str(hour), 0)) for hour in HOURS] if most else []
    return [(hour, n, BAR - BAR * n / most, BAR * n / most) for hour, n in sizes]


def _waited(counts: dict[str, int]) -> int | None:
    """The median of the whole hours between asking and answer."""
    n, seen = sum(counts.values()), 0
    for hours, count in sorted((int(hours), count) for hours, count in counts.items()):
        seen += count
        if 2 * seen >= n:
            return hours
    return None


def _stops(found: Look, everyone: answers.Answers) -> list[rates.Stop]:
    """Where people stop; of anonymous waves nothing where any stop is of few."""
    version = answers.current_version(found.campaign)
    if version is None or found.source.cut.narrow or everyone.responses is None:
        return []
    stops = rates.stops(version, found.source.cut.waves, _of_version(found, everyone))
    smallest = found.source.smallest
    if found.campaign.is_anonymous and any(0 < one.stopped < smallest for one in stops):
        return []
    return stops


def _of_version(found: Look, everyone: answers.Answers) -> int:
    """How many answered the last version, as far as their answers tell: the most of its questions."""
    latest = [one for one in found.questions if one.is_current]
    return max((_most(everyone.told(one)) for one in latest), default=0)


def _most(told: Told) -> int:
    return told.n or 0


def _parts(everyone: answers.Answers) -> range:
    """The files that hold all responses, when they are more than one."""
    number = -(-(everyone.responses or 0) // MOST_ROWS)
    return range(1, number + 1) if number > 1 else range(0)


def _told_up_to(found: Look) -> date | None:
    """Of an anonymous wave the last day that is told of."""
    if not found.campaign.is_anonymous or not found.source.waves:
        return None
    last = answers.told_up_to(found.source)
    return last + SIX_DAYS if last else None


PAGES = [
    Page("survey/results/", everything, "survey_all_results"),
    Page("survey/<int:campaign_id>/results/", results, "survey_results"),
    Page("survey/<int:campaign_id>/trend/", trends, "survey_trend"),
    Page("survey/<int:campaign_id>/groups/", groups, "survey_groups"),
    Page("survey/<int:campaign_id>/crosstab/", cross, "survey_crosstab"),
    Page("survey/<int:campaign_id>/words/", words, "survey_words"),
    *FILE_PAGES,
    Page("survey/<int:campaign_id>/results/codebook/<str:kind>/", codebook, "survey_codebook"),
    Page("survey/<int:campaign_id>/results/<str:kind>/", file, "survey_export"),
]
MENU = [
    MenuItem(_("Survey results"), "survey_all_results", "bar_chart", (READS, WORKS), group="customers"),
]
