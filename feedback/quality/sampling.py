"""Drawing conversations to be checked: by rule, by chance that never changes, none twice."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.errors import NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases.locking import check_not_merged
from feedback.models import (
    Case,
    Clock,
    QualityCheck,
    SampleKind,
    SamplingRule,
    Scorecard,
)
from feedback.quality.rules import Form, chance

BACK = timedelta(days=7)
DISSATISFIED: list[Callable[[datetime, datetime], Iterable[int]]] = []
"""Who knows the cases whose members were not satisfied, by when they said so; apps above add theirs."""


def form_of(scorecard: Scorecard) -> Form:
    """Read a scorecard as a check keeps it."""
    return {
        "name": scorecard.name,
        "name_en": scorecard.name_en,
        "pass": scorecard.pass_percent,
        "items": [
            {
                "key": str(item.pk),
                "name": item.name,
                "name_en": item.name_en,
                "hint": item.hint,
                "hint_en": item.hint_en,
                "weight": item.weight,
                "best": item.best,
                "critical": item.is_critical,
            }
            for item in scorecard.items.all()
        ],
    }


def rules_in_force(departments: Collection[int] | None = None) -> QuerySet[SamplingRule]:
    """The rules that draw; with `departments` those for all departments or for one of them."""
    found = SamplingRule.objects.filter(is_active=True, scorecard__is_active=True)
    if departments is not None:
        found = found.filter(Q(department=None) | Q(department__in=departments))
    return found.select_related("scorecard").order_by("pk")


@transaction.atomic
def draw(
    *,
    rule_id: int | None = None,
    departments: Collection[int] | None = None,
    actor: User | None = None,
    at: datetime,
) -> list[QualityCheck]:
    """Draw by every rule in force what it takes of the conversations that ended in the last seven days.

    With `rule_id` by that rule alone, with `departments` of these alone. A rule for some of each agent in a
    week waits until the week is over, so that each of its conversations has the same chance. Drawn again,
    the same are drawn, and none twice.

    Raises:
        NotFound: there is no such rule in force.
    """
    drawn: list[QualityCheck] = []
    rules = rules_in_force(departments)
    if rule_id is not None:
        rules = rules.filter(pk=rule_id)
        if not rules.exists():
            raise NotFound
    for rule in rules.select_for_update(of=["self"]):
        form = form_of(rule.scorecard)
        if form["items"]:
            taken = _taken(rule, at, departments)
            drawn += [_make(case, rule, form, actor, at) for case in taken]
    return drawn


@transaction.atomic
def pick(*, case_id: int, scorecard_id: int, scorers: int = 1, actor: User, at: datetime) -> QualityCheck:
    """Take a conversation by hand.

    Raises:
        NotFound: no such case or scorecard in use.
        Merged: the conversation is in the case that it was merged into.
        WrongState: nobody works on the case, it is checked by this scorecard already, or that has no items.
    """
    case = Case.objects.select_for_update(no_key=True).filter(pk=case_id).first()
    scorecard = Scorecard.objects.filter(pk=scorecard_id, is_active=True).first()
    if case is None or scorecard is None:
        raise NotFound
    check_not_merged(case)
    if case.agent_id is None:
        raise WrongState(_("Nobody works on this case: there is nobody to score."))
    if QualityCheck.objects.filter(case=case, scorecard=scorecard, agent=case.agent_id).exists():
        raise WrongState(_("This conversation is checked by this scorecard already."))
    form = form_of(scorecard)
    if not form["items"]:
        raise WrongState(_("This scorecard has no items yet."))
    check = QualityCheck.objects.create(
        case=case,
        agent_id=case.agent_id,
        department_id=case.department_id,
        scorecard=scorecard,
        form=form,
        scorers=scorers,
        ended_at=case.resolved_at or at,
        drawn_at=at,
    )
    record("quality.drawn", check, actor=actor, at=at, case=case.pk)
    return check


def _make(case: Case, rule: SamplingRule, form: Form, actor: User | None, at: datetime) -> QualityCheck:
    assert case.agent_id is not None  # noqa: S101 - the rule looked for such cases
    check = QualityCheck.objects.create(
        case=case,
        agent_id=case.agent_id,
        department_id=case.department_id,
        scorecard=rule.scorecard,
        rule=rule,
        form=form,
        scorers=2 if rule.is_calibration else 1,
        ended_at=case.resolved_at or at,
        drawn_at=at,
    )
    record("quality.drawn", check, actor=actor, at=at, case=case.pk, rule=rule.pk)
    return check


def _taken(rule: SamplingRule, at: datetime, departments: Collection[int] | None = None) -> list[Case]:
    """The conversations that a rule takes now, those with the lowest numbers first."""
    since, until = _span(rule, at)
    known = QualityCheck.objects.filter(
        case=OuterRef("pk"), agent=OuterRef("agent"), scorecard=rule.scorecard_id
    )
    found = Case.objects.filter(
        ~Exists(known),
        agent__isnull=False,
        resolved_at__gte=since,
        resolved_at__lt=until,
        merged_into=None,
    )
    if rule.department_id is not None:
        found = found.filter(department=rule.department_id)
    if departments is not None:
        found = found.filter(department__in=departments)
    found = _narrowed(rule, found, since, at)
    numbers = {case.pk: chance(rule.pk, case.pk) for case in found}
    cases = sorted(
        (case for case in found if 100 * numbers[case.pk] < rule.percent), key=lambda case: numbers[case.pk]
    )
    return _capped(rule, cases)


def _span(rule: SamplingRule, at: datetime) -> tuple[datetime, datetime]:
    if rule.kind != SampleKind.PER_AGENT:
        return at - BACK, at
    monday = _monday(at)
    return monday - BACK, monday


def _narrowed(rule: SamplingRule, found: QuerySet[Case], since: datetime, at: datetime) -> QuerySet[Case]:
    if rule.kind == SampleKind.BREACHED:
        broken = Clock.objects.filter(case=OuterRef("pk"), handoff=None, breached_at__isnull=False)
        return found.filter(Exists(broken))
    if rule.kind == SampleKind.BAD_CSAT:
        ids = {pk for find in DISSATISFIED for pk in find(since, at)}
        return found.filter(pk__in=ids)
    return found


def _capped(rule: SamplingRule, cases: list[Case]) -> list[Case]:
    """Leave of each agent and week no more than the rule takes, those drawn before included."""
    if rule.per_agent is None:
        return cases
    rows = QualityCheck.objects.filter(rule=rule, agent__in={case.agent_id for case in cases})
    had: Counter[Any] = Counter(
        (agent, _monday(ended)) for agent, ended in rows.values_list("agent", "ended_at")
    )
    taken = []
    for case in cases:
        key = (case.agent_id, _monday(case.resolved_at or case.opened_at))
        if had[key] < rule.per_agent:
            had[key] += 1
            taken.append(case)
    return taken


def _monday(at: datetime) -> datetime:
    local = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return local - timedelta(days=local.weekday())
