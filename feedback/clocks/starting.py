"""Making clocks: which policy decides about a case now, and what it makes of it."""

from datetime import timedelta

from compensation.models import Order, Tier
from config.common import variants
from feedback.clocks.running import Running, terms_of
from feedback.models import Calendar, Case, Clock, Department, Milestone
from feedback.sops import queries as sops
from feedback.sops.commands import publish_calendar
from feedback.sops.rules import Facts, choose


class Starter:
    """What is in force, looked up once for some cases."""

    def __init__(self, running: Running) -> None:
        self.at = running.at
        self.book = sops.book()
        cases = running.cases.values()
        members = {case.member_id for case in cases}
        self.tiers = dict(Tier.objects.filter(members__in=members).values_list("members", "code"))
        orders = {case.order_id for case in cases if case.order_id is not None}
        self.orders = dict(Order.objects.filter(pk__in=orders).values_list("pk", "status")) if orders else {}
        self._known: dict[int, tuple[str, int]] = {}
        self._tested: frozenset[str] | None = None

    def facts(self, case: Case, department_id: int) -> Facts:
        """Say what a policy is chosen by for a clock that a department has to keep."""
        return Facts(
            kind=case.kind,
            channel=case.channel,
            priority=int(case.priority),
            tier=self.tiers[case.member_id],
            category=case.category,
            department=self._departments()[department_id][0],
            language=case.language,
            order_status=self.orders.get(case.order_id or 0, ""),
        )

    def make(
        self, case: Case, milestone: Milestone, department_id: int, facts: Facts | None = None
    ) -> Clock | None:
        """Make a clock that starts now, not stored; None when no policy in force has a target.

        It is chosen by the case as it is now, unless `facts` are given.
        """
        facts = facts or self.facts(case, department_id)
        clock = self.begin(milestone, department_id, facts, member_id=case.member_id)
        if clock is not None:
            clock.case = case
        return clock

    def begin(
        self, milestone: Milestone, department_id: int, facts: Facts, *, member_id: int | None = None
    ) -> Clock | None:
        """Make a clock that starts now, of nothing yet; None when no policy in force has a target.

        Of a target that is under test the member gets one of its variants, which is put on record.
        """
        choice = choose(self.book.rules, facts, milestone)
        if choice.rule is None or choice.target is None:
            return None
        target = choice.target
        variant = self._variant(f"{choice.rule.code}:{milestone}", member_id)
        clock = Clock(
            milestone=milestone,
            department_id=department_id,
            policy_version_id=choice.rule.version,
            calendar_version_id=self._calendar(target.calendar, department_id),
            ladder_version_id=self.book.ladders.get(target.ladder) if target.ladder else None,
            facts={
                **facts.to_json(),
                "passed_over": [verdict.rule.version for verdict in choice.passed_over],
                **({"tested": True} if variant else {}),
            },
            work=variant or target.within,
            started_at=self.at,
        )
        terms = terms_of(clock)
        clock.due_at = terms.due_at(clock.started_at)
        clock.next_fire_at = terms.next_fire(clock.started_at, clock.due_at, rungs_fired=0, is_breached=False)
        return clock

    def _variant(self, key: str, member_id: int | None) -> timedelta | None:
        """How long the member's variant of a target is; None where it is not under test."""
        if self._tested is None:
            self._tested = variants.keys(variants.Kind.TARGET)
        if member_id is None or key not in self._tested:
            return None
        found = variants.choose(variants.Kind.TARGET, key, member_id=member_id, at=self.at)
        return timedelta(seconds=found["seconds"]) if found else None

    def department(self, code: str) -> int | None:
        """Find a department by its code."""
        return next((pk for pk, (known, _) in self._departments().items() if known == code), None)

    def _calendar(self, calendar_id: int | None, department_id: int) -> int:
        """Find the version in force of the target's calendar, or of the department's.

        A department may have been given a calendar that nobody published yet: it is published now.
        """
        if calendar_id is None:
            calendar_id = self._departments()[department_id][1]
        if version := self.book.calendars.get(calendar_id):
            return version
        return publish_calendar(calendar=Calendar.objects.get(pk=calendar_id), actor=None, at=self.at).pk

    def _departments(self) -> dict[int, tuple[str, int]]:
        """Give the departments' codes and calendars; the first question reads them all: they are few."""
        if not self._known:
            rows = Department.objects.values_list("pk", "code", "calendar_id")
            self._known = {pk: (code, calendar) for pk, code, calendar in rows}
        return self._known
