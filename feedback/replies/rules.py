"""Who writes a reply to a review, and who may approve one. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from feedback.models import Feeling, LeftBecause, ReplyState, ReplyWay
from feedback.models.reply_rule import FOLLOW_UP, UNSURE

BAD = 2
GOOD = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the house has written it; whatever is empty asks for nothing."""

    id: int
    way: str
    stars: Collection[int] = ()
    feelings: Collection[str] = ()
    sure_from: float = 0.0
    aspects: Collection[str] = ()
    least_length: int | None = None
    most_length: int | None = None
    categories: Collection[str] = ()
    sources: Collection[str] = ()
    needs_approval: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules go by, of one review."""

    stars: int
    """Those of a first review; `FOLLOW_UP` of one that follows another."""
    feeling: str = ""
    """As triage reads it; empty where it is not sure."""
    sentiment: float | None = None
    aspects: Sequence[str] = ()
    tones: Mapping[str, float] = field(default_factory=dict)
    """How each aspect is spoken of, from −1 to 1."""
    length: int = 0
    category: str = ""
    source: str = ""
    is_hostile: bool = False
    has_signals: bool = False
    shows_something: bool = False
    """Whether it has pictures or a video, which only people look at."""
    lowest: int | None = None
    """The fewest stars in a dimension or, of a follow-up, those of the review that it follows."""

    @property
    def praised(self) -> tuple[str, ...]:
        """The aspects that are spoken well of."""
        return tuple(one for one in self.aspects if self.tones.get(one, 1.0) > 0)

    @property
    def blamed(self) -> tuple[str, ...]:
        """The aspects that are spoken badly of: all, where the whole is bad and none is told apart."""
        found = tuple(one for one in self.aspects if self.tones.get(one, 0.0) < 0)
        return found or (tuple(self.aspects) if self.feeling == Feeling.NEGATIVE else ())

    @property
    def is_silent(self) -> bool:
        """Whether it is nothing but good stars."""
        return self.length == 0 and self.stars >= GOOD and not self.shows_something


@dataclass(frozen=True, slots=True)
class Decided:
    """Who writes the reply, by which rule, and why it is not written by itself though the rule says so."""

    way: str
    rule: int | None = None
    because: tuple[str, ...] = ()
    needs_approval: bool = False


def decide(rules: Sequence[Rule], facts: Facts) -> Decided:
    """What becomes of a review: the first rule that fits decides, within what is never done by itself.

    Hostile texts are left to people whole. Where a rule says automatic and something speaks against that,
    an agent gets a draft.
    """
    rule = next((one for one in rules if fits(one, facts)), None)
    against = never_by_itself(facts)
    if facts.is_hostile:
        return Decided(
            ReplyWay.BY_HAND, rule.id if rule else None, against, bool(rule and rule.needs_approval)
        )
    if rule is None:
        return Decided(ReplyWay.BY_HAND, None, (LeftBecause.NO_RULE,))
    if rule.way != ReplyWay.AUTOMATIC:
        return Decided(rule.way, rule.id, (), rule.needs_approval)
    if against:
        return Decided(ReplyWay.DRAFTED, rule.id, against, rule.needs_approval)
    return Decided(ReplyWay.AUTOMATIC, rule.id)


def fits(rule: Rule, facts: Facts) -> bool:
    """Whether a rule is for such a review."""
    return all(
        (
            not rule.stars or facts.stars in rule.stars,
            not rule.feelings or (facts.feeling or UNSURE) in rule.feelings,
            abs(facts.sentiment or 0.0) >= rule.sure_from,
            not rule.aspects or not set(rule.aspects).isdisjoint(facts.aspects),
            rule.least_length is None or facts.length >= rule.least_length,
            rule.most_length is None or facts.length <= rule.most_length,
            not rule.categories or facts.category in rule.categories,
            not rule.sources or facts.source in rule.sources,
        )
    )


def never_by_itself(facts: Facts) -> tuple[str, ...]:
    """What keeps a review from being answered by itself, whatever the rules say.

    Good stars without a word have nothing that triage could be unsure of.
    """
    found = []
    if facts.is_hostile:
        found.append(LeftBecause.HOSTILE)
    if facts.has_signals:
        found.append(LeftBecause.SIGNALS)
    stars = facts.lowest if facts.lowest is not None else facts.stars or GOOD
    if facts.stars != FOLLOW_UP:
        stars = min(stars, facts.stars)
    if stars < GOOD:
        found.append(LeftBecause.FEW_STARS)
    if facts.is_silent:
        return tuple(found)
    if facts.length == 0:
        found.append(LeftBecause.NO_TEXT)
    if facts.feeling == "" or facts.sentiment is None:
        found.append(LeftBecause.UNSURE)
    elif facts.feeling != Feeling.POSITIVE or any(tone < 0 for tone in facts.tones.values()):
        found.append(LeftBecause.PROBLEM)
    elif not facts.praised:
        found.append(LeftBecause.NO_PRAISE)
    return tuple(found)


def may_approve(
    *, state: str, needs_approval: bool, written_by: int | None, actor: int, is_approver: bool
) -> bool:
    """Whether somebody may let a text go public.

    Where somebody else is to approve, it is one who may and did not write it. A machine's draft is nobody's.
    """
    if state not in {ReplyState.DRAFT, ReplyState.WAITING}:
        return False
    return not needs_approval or (is_approver and written_by != actor)
