"""The rows behind the numbers that dashboards draw beside figures: those of some cells in some days."""

from collections.abc import Collection

from django.db.models import Q

from kpis.boards.figures import Where
from kpis.boards.periods import Days
from kpis.metrics.rows import SHOWN, Rows, narrow
from kpis.metrics.tallies import TALLIED
from kpis.models import Dimension, TallyOf
from kpis.snapshots.calendar import days_span


def fits(of: TallyOf, where: Where) -> bool:
    """Whether its rows can be narrowed so."""
    wanted = set(where.of) | ({Dimension.CATEGORY} if where.product is not None else set())
    return all(wanted <= one.source.dimensions for one in TALLIED if one.of == of)


def behind(of: TallyOf, days: Days, where: Where, cells: Collection[str] = ()) -> Rows:
    """The rows that are tallied in some cells, or in any; the newest first. They add up to the tallies."""
    tallied = [one for one in TALLIED if one.of == of]
    anywhere = Q(pk__in=[])
    for one in tallied:
        rows = narrow(one.source, days_span(days.first, days.last), where.of, where.product).order_by()
        if cells:
            rows = rows.alias(tally_cell=one.named).filter(tally_cell__in=cells)
        anywhere |= Q(pk__in=rows.values("pk"))
    source = tallied[0].source
    shown = SHOWN[source.table](source.rows().filter(anywhere)).alias(shown_at=source.moment)
    return Rows(source.table, shown.order_by("-shown_at", "-pk"))
