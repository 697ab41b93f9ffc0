"""The lists of the care programme and of segments as files."""

from collections.abc import Iterator

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from compensation.admin import care, segments
from compensation.admin.access import needs
from compensation.care import queries
from compensation.models import HeldReason, Segment
from compensation.segments.commands import uses_of
from config.common.handing_out import answer
from config.common.money import yuan_from_fen
from config.common.registry import Page
from config.common.screens import StaffRequest
from config.common.sheets import Row, Table

CARE_HEAD = (
    _("rule"), _("code"), _("in force"), _("when"), _("segment"), pgettext_lazy("care", "sent"),
    pgettext_lazy("care", "waiting"), pgettext_lazy("care", "held back"), _("held back because"),
    _("coupons given"), _("coupons used"), _("used (yuan)"),
)  # fmt: skip
SEGMENT_HEAD = (_("segment"), _("code"), _("what it is for"), _("members"), _("counted"), _("used by"))


@require_GET
@needs(care.VIEW)
def care_export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """What each rule did in the last 30 days, as on the page."""
    lines = queries.report(at=timezone.now())

    def rows() -> Iterator[Row]:
        for line in lines:
            rule = line.rule
            why = "; ".join(f"{HeldReason(one).label} {number}" for one, number in line.held.most_common())
            yield [
                str(rule), rule.code, _("yes") if rule.is_active else _("no"), rule.get_trigger_display(),
                str(rule.segment or ""), line.done, line.waiting, line.held_back, why, line.coupons,
                line.used, yuan_from_fen(line.used_fen),
            ]  # fmt: skip

    return answer(request, kind, Table("care", CARE_HEAD, len(lines), rows), back=reverse("admin:care"))


@require_GET
@needs(segments.VIEW)
def segments_export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The segments, how many members each has, and what goes by it."""
    found = list(Segment.objects.order_by("code"))
    uses = uses_of(found)

    def rows() -> Iterator[Row]:
        for one in found:
            yield [str(one), one.code, one.note, one.counted, one.counted_at, "; ".join(uses[one.pk])]

    table = Table("segments", SEGMENT_HEAD, len(found), rows)
    return answer(request, kind, table, back=reverse("admin:segments"))


CARE_FILE_PAGES = [
    Page("care/export/<slug:kind>/", care_export, "care_export"),
    Page("segments/export/<slug:kind>/", segments_export, "segments_export"),
]
