"""Which rewards a review has earned, what rules are in force, and what members and colleagues see of them."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, OrderStatus
from feedback.models import Review, ReviewReward, RewardedKind, RewardEnd, RewardRule
from feedback.rewards import rules
from feedback.rewards.rules import Facts

NOT_PUBLIC = _("This review is not public.")
SENT_BACK = (OrderStatus.RETURNED, OrderStatus.CANCELLED)


def in_force(at: datetime) -> QuerySet[RewardRule]:
    """The rules by which a review written now is rewarded."""
    return RewardRule.objects.filter(is_active=True, starts_at__lte=at).select_related("template")


def earned(review: Review) -> list[RewardRule]:
    """The rules that a public review meets and was not rewarded by."""
    first = review.follows
    if first is not None and not first.is_public:
        return []
    had = ReviewReward.objects.filter(review=review).exclude(end=RewardEnd.BACK).values("rule")
    about = RewardedKind.FIRST if first is None else RewardedKind.FOLLOW_UP
    wanted = list(in_force(review.written_at).filter(about=about).exclude(pk__in=had).order_by("pk"))
    if not wanted:
        return []
    facts = facts_of(review)
    return [rule for rule in wanted if not rules.missing(rule, facts)]


def facts_of(review: Review) -> Facts:
    """What rules look at in one review."""
    counted = with_facts(Review.objects.filter(pk=review.pk)).get()
    return facts(counted)


def with_facts(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Reviews with what `facts` needs; without the stars."""
    return reviews.select_related("order", "follows", "pick").annotate(
        n_pictures=Count("pictures", distinct=True), n_scores=Count("scores", distinct=True)
    )


def facts(review: Review) -> Facts:
    """What rules look at in a review that came with `with_facts`."""
    first = review.follows
    return Facts(
        length=rules.useful_length(f"{review.title} {review.text}"),
        pictures=getattr(review, "n_pictures", 0),
        has_video=bool(review.video_url),
        dimensions=getattr(review, "n_scores", 0),
        votes=review.helpful_votes,
        is_picked=getattr(review, "pick", None) is not None,
        is_purchase=review.order_line_id is not None and review.order.status not in SENT_BACK,
        days_after=(review.written_at - first.written_at).days if first else 0,
    )


def fault(rule: RewardRule) -> "Promise | str | None":
    """What is wrong with a rule, in words; None where nothing is."""
    if (rule.points is None) == (rule.template is None) or rule.points == 0:
        return _("Choose either a kind of coupon or a number of points.")
    follows = rule.about == RewardedKind.FOLLOW_UP
    if rule.after_days and not follows:
        return _("Only a follow-up review is written after another.")
    if rule.dimensions_from and follows:
        return _("A follow-up review has no dimensions.")
    asked = (
        rule.length_from, rule.pictures_from, rule.asks_video, rule.dimensions_from, rule.votes_from,
        rule.asks_pick, rule.after_days,
    )  # fmt: skip
    if not any(asked):
        return _("Say what makes a review useful: at least one condition.")
    if rule.month_limit < 1:
        return _("A limit of at least 1 a month.")
    return None


def of_member(member: Member) -> QuerySet[ReviewReward]:
    """What a member earned by reviews, newest first."""
    rows = ReviewReward.objects.filter(member=member).select_related(
        "rule__template", "grant", "review__product"
    )
    return rows.order_by("-at", "-pk")


def of_reviews(reviews: Sequence[Review]) -> QuerySet[ReviewReward]:
    """What these reviews earned, oldest first."""
    rows = ReviewReward.objects.filter(review__in=reviews).select_related("rule__template", "grant__template")
    return rows.order_by("pk")


def totals(since: datetime) -> dict[int, tuple[int, int]]:
    """By rule: how many rewards since then, and what they cost in fen; what was taken back does not count."""
    from_then = Q(at__gte=since) & ~Q(end=RewardEnd.BACK)
    rows = ReviewReward.objects.filter(from_then).values_list("rule", "grant__cost_fen")
    found: dict[int, tuple[int, int]] = {}
    for rule, fen in rows.iterator():
        n, sum_fen = found.get(rule, (0, 0))
        found[rule] = (n + 1, sum_fen + fen)
    return found
