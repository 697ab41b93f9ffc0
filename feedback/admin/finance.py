"""What members are owed: for finance the whole company, for supervisors what their departments gave."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from compensation.finance import queries, sheets, wording
from compensation.finance.queries import Report
from compensation.ledger import queries as ledger
from compensation.models import Flow, Member, Unit
from config.common.asked import id_in, in_years
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.files import offered
from feedback.models import Department
from feedback.org.queries import departments_of
from feedback.remedies.queries import ALL_DEPARTMENTS

SEES = "compensation.see_finance"
ACCOUNTS = "compensation.view_account"
MOVES = 50
LONGEST = timedelta(days=366 * 5)


@require_GET
@needs(SEES)
def finance(request: StaffRequest) -> HttpResponse:
    """A period: opening, moves, closing; why, and what became of it; what is promised."""
    found, department = asked(request)
    names = {one.code: str(one) for one in Department.objects.all()}
    by_unit = {str(Unit(code).label): words for code, words in wording.UNITS.items()}
    context = {
        "report": found,
        "until": found.until - timedelta(days=1),
        "flows": [one.label for one in Flow],
        "departments": _departments(request),
        "department": department,
        "statement_rows": wording.worded(sheets.statement_rows(found), {0: by_unit, 2: wording.kinds()}),
        "reason_rows": wording.worded(
            sheets.reason_rows(found), {0: by_unit, 1: {**wording.kinds(), **wording.CAUSES}, 2: names}
        ),
        "promised_rows": wording.worded(sheets.promised_rows(found), {2: wording.CAUSES, 3: names}),
        "statement_head": sheets.statement_head(),
        "reason_head": sheets.reason_head(),
        "promised_head": sheets.promised_head(),
        "formats": offered(request),
        "query": request.GET.urlencode(),
        "may_see_members": request.user.has_perm(ACCOUNTS),
    }
    return page(request, "feedback/finance/page.html", context)


@require_GET
@needs(ACCOUNTS)
def holders(request: StaffRequest) -> HttpResponse:
    """Who holds most of each unit; a member's number leads to their own page."""
    number = request.GET.get("member", "").strip()
    member = Member.objects.filter(external_id=number).first() if number else None
    context = {
        "number": number,
        "member": member,
        "units": [(wording.HELD[unit], unit.value, list(queries.holders(unit))) for unit in Unit],
    }
    return page(request, "feedback/finance/holders.html", context)


@require_GET
@needs(ACCOUNTS)
def member(request: StaffRequest, member_id: int) -> HttpResponse:
    """What one member is owed, and every movement that came to it."""
    one, at = get_object_or_404(Member, pk=member_id), timezone.now()
    wanted = request.GET.get("unit")
    unit = Unit(wanted) if wanted in Unit.values else Unit.POINTS
    moves = ledger.statement(one, unit)
    if before := id_in(request.GET.get("before")):
        moves = moves.filter(version__lt=before)
    found = list(moves[: MOVES + 1])
    known = wording.kinds()
    context = {
        "member": one,
        "unit": unit,
        "unit_label": wording.HELD[unit],
        "balances": [(wording.HELD[each], each.value, ledger.balance(one, each)) for each in Unit],
        "holding": ledger.holding(one, at),
        "grants": queries.of_member(one.pk),
        "moves": [(move, wording.in_words(move.transaction.kind, known)) for move in found[:MOVES]],
        "after": found[MOVES - 1].version if len(found) > MOVES else None,
    }
    return page(request, "feedback/finance/member.html", context)


def asked(request: StaffRequest) -> tuple[Report, str]:
    """The report of the period and department that the address asks for, as far as this person sees it."""
    today = timezone.localdate()
    since, last = _day(request, "since") or today.replace(day=1), _day(request, "until") or today
    until = max(last, since) + timedelta(days=1)
    since = max(since, until - LONGEST)
    department = request.GET.get("department", "")
    mine = None if request.user.has_perm(ALL_DEPARTMENTS) else set(_departments(request))
    if department:
        mine = {department} if mine is None else mine & {department}
    return queries.report(since=since, until=until, departments=mine), department


def _departments(request: StaffRequest) -> dict[str, str]:
    """The departments that this person may ask for: code and name."""
    if request.user.has_perm(ALL_DEPARTMENTS):
        return {one.code: str(one) for one in departments_of(request.user).model.objects.order_by("pk")}
    return {one.code: str(one) for one in departments_of(request.user).order_by("pk")}


def _day(request: StaffRequest, name: str) -> date | None:
    """A day of the address; None where it names none, or one beyond the calendar's middle."""
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    return day if in_years(day) else None


FINANCE_PAGES = [
    Page("finance/", finance, "finance"),
    Page("finance/members/", holders, "finance_holders"),
    Page("finance/members/<int:member_id>/", member, "finance_member"),
]
FINANCE_MENU = [MenuItem(_("What we owe"), "finance", "account_balance", (SEES,), group="lead", rank=10)]
