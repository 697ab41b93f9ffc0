"""What a case's page shows of playbooks: those in use with their steps, those that fit, what they cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.functional import cached_property

from compensation.authority.queries import limits_of
from compensation.authority.rules import Sums
from compensation.models import CouponTemplate, Grant, OrderLine, PointsRule
from compensation.points.rules import worth_fen
from config.common.models import User
from config.common.words import plain
from feedback.expectations.queries import cares_of
from feedback.knowledge.queries import nearest
from feedback.models import (
    Author,
    Case,
    Gap,
    Language,
    Message,
    Playbook,
    PlaybookUse,
    PlaybookVersion,
    RemedyKind,
    RemedyRequest,
    RequestStatus,
    StepDone,
    Template,
)
from feedback.playbooks import givings, rules, texts
from feedback.remedies.queries import left_fen

READ = 2_000
OPEN_REQUESTS = 200


@dataclass(frozen=True, slots=True)
class Gift:
    """What a playbook gives, in words, with its cost in fen; None where that is not known yet."""

    giving: rules.Giving
    name: str
    cost_fen: int | None

    @property
    def asks_amount(self) -> bool:
        """Whether whoever gives it has to say how much."""
        return givings.asks_amount(self.giving)


@dataclass(frozen=True, slots=True)
class Offer:
    """A playbook that could be applied."""

    playbook: Playbook
    content: rules.Content
    gifts: list[Gift]
    fit: int

    @property
    def cost_fen(self) -> int:
        """What would be given at once, together."""
        return sum(gift.cost_fen or 0 for gift in self.gifts if not gift.giving.by_itself)


@dataclass(frozen=True, slots=True)
class Tick:
    """A step of a use, and who ticked it off when."""

    step: rules.Step
    done: StepDone | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one gift: the grant or the request, or nothing yet."""

    gift: Gift
    grant: Grant | None
    request: RemedyRequest | None
    why_not: str = ""
    """Why it was not given, in the language of the house."""

    @property
    def is_open(self) -> bool:
        """Whether it can still be given."""
        asked = self.request is not None and self.request.status != RequestStatus.REFUSED
        return self.grant is None and not asked


@dataclass(frozen=True, slots=True)
class Use:
    """A playbook in use: its steps and what came of its remedies."""

    use: PlaybookUse
    content: rules.Content
    ticks: list[Tick]
    outcomes: list[Outcome]

    @property
    def done(self) -> int:
        """How many steps are ticked off."""
        return sum(tick.done is not None for tick in self.ticks)

    @property
    def is_ungiven(self) -> bool:
        """Whether something that does not go by itself was not given yet."""
        return any(one.is_open and not one.gift.giving.by_itself for one in self.outcomes)


class Panel:
    """Everything about playbooks for one case and person, in a fixed number of queries."""

    def __init__(self, case: Case, user: User, at: datetime) -> None:
        """Take the case as it is stored, at a moment."""
        self.case, self.user, self.at = case, user, at

    @cached_property
    def uses(self) -> list[Use]:
        """The playbooks in use, the latest first."""
        rows = (
            PlaybookUse.objects.filter(case=self.case)
            .select_related("playbook", "version", "applied_by")
            .prefetch_related("steps_done__by", "given__remedy__grant", "requests")
            .order_by("-applied_at", "-pk")
        )
        return [self._use(row) for row in rows]

    @cached_property
    def offers(self) -> list[Offer]:
        """Those that are not in use: what fits first, then in their order."""
        facts = facts_of(self.case)
        used = {one.use.playbook_id for one in self.uses}
        found = [
            self._offer(playbook, version, facts)
            for playbook, version in in_force()
            if playbook.pk not in used
        ]
        return sorted(found, key=lambda one: -one.fit)

    @property
    def suggested(self) -> list[Offer]:
        """Those that fit."""
        return [one for one in self.offers if one.fit][:3]

    @property
    def others(self) -> list[Offer]:
        """The rest."""
        shown = {one.playbook.pk for one in self.suggested}
        return [one for one in self.offers if one.playbook.pk not in shown]

    @cached_property
    def limit_fen(self) -> int:
        """The person's authority."""
        return self._limits.grant

    @cached_property
    def left_fen(self) -> int:
        """What is left of it in this case."""
        return left_fen(self._limits, self.case, self.at)

    @cached_property
    def _limits(self) -> Sums:
        return limits_of(self.user)

    @cached_property
    def _coupons(self) -> dict[int, CouponTemplate]:
        return CouponTemplate.objects.in_bulk()

    @cached_property
    def _lines(self) -> list[OrderLine]:
        return list(OrderLine.objects.filter(order=self.case.order_id).order_by("pk"))

    @cached_property
    def _points(self) -> PointsRule | None:
        return PointsRule.objects.filter(pk=1).first()

    def _offer(self, playbook: Playbook, version: PlaybookVersion, facts: rules.Facts) -> Offer:
        content = rules.read(version.content)
        words = [plain(word) for word in playbook.words]
        return Offer(playbook, content, self._gifts(content), rules.fit(playbook, facts, words))

    def _gifts(self, content: rules.Content) -> list[Gift]:
        return [self._gift(one) for one in content.givings]

    def _gift(self, giving: rules.Giving) -> Gift:
        cost: int | None = None
        name = str(giving.kind.label)
        if giving.kind == RemedyKind.COUPON and (coupon := self._coupons.get(giving.coupon_id or 0)):
            name, cost = str(coupon), coupon.value_fen
        elif giving.kind == RemedyKind.POINTS and giving.points and self._points:
            rule = self._points
            cost = worth_fen(giving.points, per_points=rule.points, fen=rule.worth_fen)
            name = f"{giving.points} {name}"
        elif giving.kind not in {RemedyKind.COUPON, RemedyKind.POINTS}:
            name, cost = giving.gift or name, givings.cost_of(giving, self._lines)
        return Gift(giving, name, cost)

    def _use(self, row: PlaybookUse) -> Use:
        content = rules.read(row.version.content)
        done = {one.number: one for one in row.steps_done.all()}
        grants = {one.place: one.remedy.grant for one in row.given.all()}
        requests = {one.place: one for one in row.requests.all()}
        return Use(
            row,
            content,
            [Tick(step, done.get(step.number)) for step in content.steps],
            [
                Outcome(
                    gift,
                    grants.get(gift.giving.place),
                    requests.get(gift.giving.place),
                    row.refusals.get(str(gift.giving.place), ""),
                )
                for gift in self._gifts(content)
            ],
        )


def in_force() -> list[tuple[Playbook, PlaybookVersion]]:
    """The playbooks in force with their versions, in their order."""
    last = PlaybookVersion.objects.filter(playbook=OuterRef("pk")).order_by("-number")
    playbooks = list(Playbook.objects.filter(is_active=True).annotate(last=Subquery(last.values("pk")[:1])))
    versions = PlaybookVersion.objects.in_bulk([one.last for one in playbooks if one.last])
    return [(one, versions[one.last]) for one in playbooks if one.last]


def facts_of(case: Case) -> rules.Facts:
    """What the playbooks go by: what the member said first and last, the gaps and products of the order."""
    first = (
        Message.objects.filter(case=case, author=Author.MEMBER)
        .order_by("at", "pk")
        .values_list("body", flat=True)
        .first()
    )
    aspects: Iterable[str] = ()
    categories = {case.category} if case.category else set()
    if case.order_id is not None:
        gaps = Gap.objects.filter(order=case.order_id, withdrawn_at=None)
        aspects = gaps.values_list("aspect", flat=True)
        lines = OrderLine.objects.filter(order=case.order_id).values_list("product__category", flat=True)
        categories.update(one for one in lines if one)
    said = plain(f"{case.subject}\n{(first or '')[:READ]}\n{case.last_message}")
    cares = cares_of(case.member_id)
    return rules.Facts(case.kind, said, frozenset(aspects), frozenset(categories), cares)


def spoken_in(case: Case) -> Language:
    """The language to write to the member in."""
    return nearest(case.language or case.member.language)


def template_of(use: PlaybookUse, case: Case, *, user: User, at: datetime) -> texts.Rendered | None:
    """The reply that a playbook proposes, filled in for the case; in Chinese when there is no other."""
    code = rules.read(use.version.content).template_code
    if not code:
        return None
    known = {one.language: one for one in Template.objects.filter(code=code, is_active=True)}
    template = known.get(spoken_in(case)) or known.get(Language.CHINESE)
    return texts.render(template, case, agent=user, at=at) if template else None


def open_requests(visible: QuerySet[Case]) -> QuerySet[RemedyRequest]:
    """What waits to be carried out in some cases, longest first."""
    return (
        RemedyRequest.objects.filter(status=RequestStatus.OPEN, case__in=visible.values("pk"))
        .select_related("case__member", "case__order", "asked_by", "use__playbook")
        .order_by("asked_at", "pk")[:OPEN_REQUESTS]
    )
