"""What members are told of rewards, in their language, and rules in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext, ngettext

from compensation.notices.commands import notify
from feedback.models import Review, ReviewReward, RewardedKind, RewardRule
from feedback.rewards.queries import in_force


def conditions(rule: RewardRule) -> list[str]:
    """What a rule asks of a review, each in a few words."""
    said = []
    if rule.about == RewardedKind.FOLLOW_UP:
        said.append(gettext("a follow-up review"))
    if rule.after_days:
        said.append(
            ngettext("%(n)s day after the first", "%(n)s days after the first", rule.after_days)
            % {"n": rule.after_days}
        )
    if rule.length_from:
        said.append(
            ngettext("at least %(n)s character", "at least %(n)s characters", rule.length_from)
            % {"n": rule.length_from}
        )
    if rule.pictures_from:
        said.append(
            ngettext("%(n)s picture", "%(n)s pictures", rule.pictures_from) % {"n": rule.pictures_from}
        )
    if rule.asks_video:
        said.append(gettext("a video"))
    if rule.dimensions_from:
        said.append(
            ngettext("%(n)s dimension rated", "%(n)s dimensions rated", rule.dimensions_from)
            % {"n": rule.dimensions_from}
        )
    if rule.votes_from:
        said.append(
            ngettext("found helpful by %(n)s reader", "found helpful by %(n)s readers", rule.votes_from)
            % {"n": rule.votes_from}
        )
    if rule.asks_pick:
        said.append(gettext("picked by our moderators"))
    return said


def what(rule: RewardRule) -> str:
    """What a rule gives."""
    if rule.template is not None:
        return str(rule.template)
    return ngettext("%(n)s point", "%(n)s points", rule.points or 0) % {"n": rule.points}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a rule promises to members, in words."""

    asks: str
    gives: str


def offers(at: datetime) -> list[Offer]:
    """What a useful review earns now, in the language that is spoken now."""
    joined = gettext(", ")
    return [Offer(rule.said or joined.join(conditions(rule)), what(rule)) for rule in in_force(at)]


def rewarded(review: Review, rewards: Sequence[ReviewReward], *, at: datetime) -> None:
    """Thank the member."""
    with translation.override(review.member.language):
        given = gettext(", ").join(what(one.rule) for one in rewards)
        body = gettext("For you: %(what)s. Your review is marked as rewarded. Its stars played no part.")
        notify(
            member=review.member,
            kind="review.rewarded",
            key=f"review.rewarded:{rewards[0].pk}",
            title=gettext("Thank you for your useful review"),
            body=body % {"what": given},
            path="/portal/wallet/",
            at=at,
        )


def taken_back(review: Review, rewards: Sequence[ReviewReward], *, at: datetime) -> None:
    """Tell the member what went with the review."""
    with translation.override(review.member.language):
        given = gettext(", ").join(what(one.rule) for one in rewards)
        notify(
            member=review.member,
            kind="review.reward_ended",
            key=f"review.reward_ended:{rewards[0].pk}",
            title=gettext("The reward for your review was taken back"),
            body=gettext("Your review is public no longer, and this had not been used: %(what)s.")
            % {"what": given},
            path="/portal/wallet/",
            send=False,
            at=at,
        )
