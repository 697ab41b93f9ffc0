"""What becomes of orders: gaps, complaints, returns, and whether members come again."""

from datetime import timedelta

from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.utils.functional import Promise as Words
from django.utils.translation import gettext_lazy as _

from compensation.models import Order, OrderStatus
from feedback.models import Aspect, Case, CaseKind, Gap, GapKind, Promise
from kpis.metrics.catalogue import cases
from kpis.metrics.definition import RATIO_OF, SHARE_OF, Metric, Unit
from kpis.metrics.rules import Form
from kpis.metrics.sources import Late, Source, Span
from kpis.models import Dimension, Direction, MetricCode

AGAIN_WITHIN = timedelta(days=30)
NAMES = {Dimension.CHANNEL: "channel", Dimension.REGION: "region"}
OF_GAPS = {
    kind: Late("gaps")
    for kind in (
        "gap.found",
        "gap.withdrawn",
        "gap.revived",
        "gap.corrected",
        "gap.classified",
        "gap.dismissed",
    )
}
NOT_CANCELLED = ~Q(status=OrderStatus.CANCELLED)
STANDING = Gap.objects.filter(order=OuterRef("pk"), withdrawn_at=None)
LATE_GAP = Q(Exists(STANDING.filter(aspect=Aspect.DELIVERY)))


def _orders() -> QuerySet[Order]:
    return Order.objects.all()


def _promised() -> QuerySet[Order]:
    """Each order with when the last of its deliveries was promised."""
    due = Promise.objects.filter(line__order=OuterRef("pk"), aspect=Aspect.DELIVERY, withdrawn_at=None)
    return Order.objects.alias(promised_for=due.order_by("-due_at").values("due_at")[:1])


def _promised_near(span: Span) -> Q:
    due = Promise.objects.filter(aspect=Aspect.DELIVERY, due_at__gte=span.start, due_at__lt=span.end)
    return Q(pk__in=due.values("line__order"))


def _placed_before(span: Span) -> Q:
    return Q(placed_at__gte=span.start - AGAIN_WITHIN, placed_at__lt=span.end - AGAIN_WITHIN)


def _placed(**more: object) -> Source:
    return Source(
        "orders",
        _orders,
        "placed_at",
        member="member",
        order="pk",
        names=NAMES,
        follows_orders="pk",
        **more,  # type: ignore[arg-type]  # the fields of a source
    )


def _gaps(code: MetricCode, kind: GapKind, numerator: Words | str) -> Metric:
    return Metric(
        code,
        Form.SHARE,
        Unit.PERCENT,
        Direction.DOWN,
        (_placed(only=NOT_CANCELLED, hits=Q(Exists(STANDING.filter(kind=kind))), late=OF_GAPS),),
        numerator,
        _("orders placed in the time"),
        _("cancelled orders, and gaps that were withdrawn"),
        SHARE_OF,
    )


def _deliveries(code: MetricCode, hits: Q, better: Direction, numerator: Words | str) -> Metric:
    return Metric(
        code,
        Form.SHARE,
        Unit.PERCENT,
        better,
        (
            Source(
                "orders",
                _promised,
                F("promised_for"),
                near=_promised_near,
                only=NOT_CANCELLED,
                hits=hits,
                member="member",
                order="pk",
                names=NAMES,
                late=OF_GAPS,
                follows_orders="pk",
            ),
        ),
        numerator,
        _("orders whose delivery was promised for the time"),
        _("cancelled orders, those without a promised delivery, and gaps that were withdrawn"),
        SHARE_OF,
    )


_SOON = Order.objects.filter(
    ~Q(status=OrderStatus.CANCELLED),
    member=OuterRef("member"),
    placed_at__gt=OuterRef("placed_at"),
    placed_at__lte=OuterRef("fact_at"),
)

METRICS = (
    _deliveries(
        MetricCode.ON_TIME, ~LATE_GAP, Direction.UP, _("orders that came as promised, or are not late yet")
    ),
    _deliveries(
        MetricCode.GAP_RATE,
        LATE_GAP,
        Direction.DOWN,
        _("orders that came later than promised, or have not come"),
    ),
    _gaps(MetricCode.GAP_PRODUCT, GapKind.PRODUCT, _("orders with a product that was not as promised")),
    _gaps(
        MetricCode.GAP_SERVICE,
        GapKind.SERVICE,
        _("orders with a service that was not as promised, delivery included"),
    ),
    _gaps(MetricCode.GAP_PRICE, GapKind.PRICE, _("orders that cost more than promised")),
    Metric(
        MetricCode.COMPLAINT_RATE,
        Form.RATIO,
        Unit.PERCENT,
        Direction.DOWN,
        (
            _placed(),
            Source(
                "cases",
                lambda: Case.objects.filter(kind=CaseKind.COMPLAINT),
                "opened_at",
                only=cases.NOT_MERGED,
                is_measured=False,
                member="member",
                order="order",
                names=cases.NAMES,
                late=cases.GIVEN,
            ),
        ),
        _("complaints opened in the time"),
        _("orders placed in the time"),
        _("complaints that were merged into another"),
        RATIO_OF,
    ),
    Metric(
        MetricCode.RETURN_RATE,
        Form.RATIO,
        Unit.PERCENT,
        Direction.DOWN,
        (
            _placed(),
            Source(
                "orders",
                _orders,
                "returned_at",
                is_measured=False,
                member="member",
                order="pk",
                names=NAMES,
                follows_orders="pk",
            ),
        ),
        _("orders of which all goods came back in the time"),
        _("orders placed in the time"),
        _("orders of which some pieces came back"),
        RATIO_OF,
    ),
    Metric(
        MetricCode.REPURCHASE,
        Form.SHARE,
        Unit.PERCENT,
        Direction.UP,
        (
            Source(
                "orders",
                _orders,
                ExpressionWrapper(F("placed_at") + Value(AGAIN_WITHIN), output_field=DateTimeField()),
                near=_placed_before,
                only=NOT_CANCELLED,
                hits=Q(Exists(_SOON)),
                member="member",
                order="pk",
                names=NAMES,
                follows_orders="pk",
            ),
        ),
        _("those of them after which the member ordered again within 30 days"),
        _("orders whose 30th day ended in the time: younger ones can't be judged yet"),
        _("cancelled orders, on both sides"),
        SHARE_OF,
    ),
)
