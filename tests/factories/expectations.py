"""Members who care about something."""

from django.utils import timezone

from feedback.models import MemberExpectation, Triage
from tests.factories.compensation import MemberFactory


def cares(member=None, cares_for="speed", **fields):
    """A member of whom we are sure what they care about, in a row as it is kept."""
    scores = dict.fromkeys(("quality", "speed", "price", "service"), 10)
    if cares_for:
        scores[cares_for] = 70
    given = {"certainty": "0.95", "votes": 9, "computed_at": timezone.now(), "group": "tier:ordinary"}
    signs = {"case_speed": [3, 5, 2.5], "says_price": [7, None, 7.0]}
    return MemberExpectation.objects.create(
        member=member or MemberFactory(), cares_for=cares_for, **{**scores, **given, "signs": signs, **fields}
    )


def spoken(case=None, review=None, aspects=("logistics",), **fields):
    """How a case or a review was read."""
    of = case or review
    return Triage.objects.create(
        case=case, review=review, member=of.member, aspects=list(aspects), read_at=timezone.now(), **fields
    )
