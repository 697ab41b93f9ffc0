"""What there is to read: the title and text of a review or a post, what the member said in a case.

Another kind of text gets a column in `Triage`, a function here, and a line in SOURCES.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from feedback.models import Author, Case, CaseKind, Channel, Message, Post, Review
from feedback.triage.lexicon import LONGEST

MESSAGES = 20
"""Messages of a case that are read."""
TOLD_BY_US = (Channel.GAP,)
"""Cases of these nobody has written to us about."""


@dataclass(frozen=True, slots=True)
class Text:
    """Something that somebody said: which row of what it is, whose, and the words."""

    source: str
    key: int
    member_id: int | None
    words: str


def of_reviews(keys: Sequence[int]) -> list[Text]:
    """The texts of some reviews, in the order of their keys."""
    rows = Review.objects.filter(pk__in=keys).order_by("pk").values_list("pk", "member", "title", "text")
    return [Text("review", pk, member, _joined([title, text])) for pk, member, title, text in rows]


def of_cases(keys: Sequence[int]) -> list[Text]:
    """What the members of some cases said; none of those that we opened by ourselves.

    The words of a review or an answer to a survey, which became a case, stand in its first message.
    """
    cases = Case.objects.filter(pk__in=keys).exclude(channel__in=TOLD_BY_US).order_by("pk")
    rows = list(cases.values_list("pk", "member", "subject"))
    theirs = Q(author=Author.MEMBER) | Q(
        Q(case__kind=CaseKind.REVIEW) | Q(case__channel=Channel.SURVEY), author=Author.SYSTEM
    )
    said: dict[int, list[str]] = defaultdict(list)
    messages = Message.objects.filter(theirs, case__in=[pk for pk, *_rest in rows], is_public=True)
    for case, body in messages.order_by("case", "at", "pk").values_list("case", "body").iterator():
        if len(said[case]) < MESSAGES:
            said[case].append(body)
    return [Text("case", pk, member, _joined([subject, *said[pk]])) for pk, member, subject in rows]


def of_posts(keys: Sequence[int]) -> list[Text]:
    """The texts of some posts, in the order of their keys."""
    rows = Post.objects.filter(pk__in=keys).order_by("pk").values_list("pk", "member", "title", "text")
    return [Text("post", pk, member, _joined([title, text])) for pk, member, title, text in rows]


SOURCES: Mapping[str, Callable[[Sequence[int]], list[Text]]] = {
    "review": of_reviews,
    "case": of_cases,
    "post": of_posts,
}
"""By the column of `Triage` that leads to it."""


def _joined(parts: Sequence[str]) -> str:
    return "\n".join(part for part in parts if part.strip())[:LONGEST]
