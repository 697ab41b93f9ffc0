"""Rules for rewarding reviews, and reviews that they look at."""

from datetime import timedelta

from compensation.defaults import points as points_defaults
from compensation.models import PointsRule
from feedback.models import RewardRule
from tests.factories.compensation import T0
from tests.factories.feedback import ReviewFactory
from tests.factories.reviews import received

LONG = "穿了两周再来评价。面料比图片上薄，洗过两次没有缩水也没有掉色，袖口的线头有一点多，自己剪掉就好。"
"""More than forty characters that say something."""


def rule(**terms):
    """A rule that gives 20 points for 20 characters, unless said otherwise."""
    PointsRule.objects.get_or_create()
    points_defaults.seed(T0)
    if "template" not in terms:
        terms.setdefault("points", 20)
    number = RewardRule.objects.count() + 1
    values = {
        "code": f"rule-{number}", "name": "写得详细", "length_from": 20, "starts_at": T0 - timedelta(days=1),
        "month_limit": 5, **terms,
    }  # fmt: skip
    return RewardRule.objects.create(**values)


def review(*, member=None, **values):
    """A public review of the portal, of goods that came."""
    line = received(**({"member": member} if member else {}))[0]
    return ReviewFactory(**{"portal": True, "order_line": line, "text": LONG, "written_at": T0, **values})
