"""The dashboard of a product, or of a category: reviews, returns, gaps, reasons and needs."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from config.common.models import User
from feedback.admin.hot_spots import VIEW as SEES_GAPS
from feedback.models import CaseKind
from kpis.admin.boards.asking import Asked
from kpis.admin.boards.cells import cells_link, gap_said
from kpis.admin.boards.drawing import cause_heads, trend
from kpis.admin.boards.executive import compared
from kpis.boards import product as goods_of
from kpis.boards.figures import figures
from kpis.boards.product import Goods
from kpis.charts.drawing import Chart
from kpis.charts.pareto import Heads, Part, pareto
from kpis.charts.stacks import Layer, stack
from kpis.models import MetricCode, TallyOf

FIGURES = (
    MetricCode.REVIEW_SCORE,
    MetricCode.BAD_REVIEWS,
    MetricCode.RETURN_RATE,
    MetricCode.COMPLAINT_RATE,
    MetricCode.GAP_RATE,
    MetricCode.GAP_PRODUCT,
    MetricCode.GAP_SERVICE,
    MetricCode.GAP_PRICE,
)
DRAWN = (
    MetricCode.REVIEW_SCORE,
    MetricCode.RETURN_RATE,
    MetricCode.GAP_PRODUCT,
    MetricCode.GAP_SERVICE,
    MetricCode.GAP_PRICE,
)
SEES_NEEDS = "surveys.view_need"


def product(asked: Asked, user: User, goods: Goods) -> dict[str, Any]:
    """What the page shows."""
    days = asked.days
    told = figures(FIGURES, days, asked.where)
    return {
        "trends": [
            trend(told[code], asked, with_interval=code == MetricCode.REVIEW_SCORE)
            for code in DRAWN
            if code in told
        ],
        "compared": compared(asked, told.values()),
        "stars": _stars(goods, asked),
        "reasons": _reasons(goods, asked) if user.has_perm(SEES_GAPS) else None,
        "cases": _cases(goods, asked),
        "needs": _needs(goods) if user.has_perm(SEES_NEEDS) else None,
    }


def _stars(goods: Goods, asked: Asked) -> Chart:
    found = goods_of.stars(goods, asked.days)
    links = [cells_link(asked, TallyOf.STARS, [str(one)]) for one in found]
    layer = Layer(_("reviews"), list(found.values()), links)
    labels = ["★" * one for one in found]
    return stack(_("Reviews by stars"), _("how many"), labels, [layer], head=_("stars"))


def _reasons(goods: Goods, asked: Asked) -> Chart:
    """What of was not as promised, and why, the most frequent first."""
    parts = []
    for aspect, cause, number in goods_of.gaps(goods, asked.days):
        cell = f"{aspect}:{cause}"
        parts.append(Part(gap_said(cell), number, cells_link(asked, TallyOf.GAP, [cell])))
    return pareto(
        _("Gaps by what and why, the most frequent first"), _("how many"), parts, heads=cause_heads()
    )


def _cases(goods: Goods, asked: Asked) -> Chart:
    parts = [
        Part(str(CaseKind(kind).label), number, cells_link(asked, TallyOf.KIND, [kind]))
        for kind, number in goods_of.cases(goods, asked.days)
    ]
    heads = Heads(_("kind"), _("how many"), _("share"), _("cumulated"))
    return pareto(_("Cases about it by kind, the most frequent first"), _("how many"), parts, heads=heads)


def _needs(goods: Goods) -> Chart:
    parts = [
        Part(str(need), number, reverse("admin:need", args=[need.pk]))
        for need, number in goods_of.needs(goods)
    ]
    heads = Heads(_("need"), _("voices"), _("share"), _("cumulated"))
    return pareto(_("Needs that its reviews and posts speak of"), _("voices"), parts, heads=heads)
