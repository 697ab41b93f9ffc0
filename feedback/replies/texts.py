"""What replies to reviews name: filled into templates from a closed list that has nothing personal in it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.models import GIVEN, GrantKind, GrantStatus
from feedback.clocks.promised import promised
from feedback.models import (
    Case,
    Clock,
    Language,
    PlaybookUse,
    Remedy,
    RemedyRequest,
    RequestStatus,
    Review,
    VoiceAspect,
)
from feedback.playbooks import texts
from feedback.playbooks.rules import read
from feedback.playbooks.texts import MOMENT_FORMAT, Rendered
from feedback.replies.reading import praise_in
from feedback.replies.rules import Facts

NAMES: dict[str, Promise] = {
    "praised": gettext_lazy("what the member praises"),
    "word": gettext_lazy("a word of the member's praise"),
    "problem": gettext_lazy("what the member finds fault with"),
    "remedy": gettext_lazy("what we do about it"),
    "call": gettext_lazy("by when we promise to call"),
    "product": gettext_lazy("the product"),
}
"""What a template may name, and what it stands for."""
_SOMETHING = gettext_lazy("we have put something into your account to make up for it")
GIVEN_SAID: Mapping[str, Promise] = {
    GrantKind.REFUND: gettext_lazy("we have arranged your refund"),
    GrantKind.RESHIPMENT: gettext_lazy("a replacement is on its way to you"),
    GrantKind.PRICE_DIFFERENCE: gettext_lazy("we have paid the difference in price back to you"),
    GrantKind.GIFT: gettext_lazy("we have sent you something to make up for it"),
    GrantKind.COUPON: _SOMETHING,
    GrantKind.POINTS: _SOMETHING,
}
"""What was given, as everybody may read it: never how much."""
_WILL = gettext_lazy("we are going to make up for it")
UNDER_WAY: Mapping[str, Promise] = {
    GrantKind.REFUND: gettext_lazy("we are arranging your refund"),
    GrantKind.RESHIPMENT: gettext_lazy("we are arranging a replacement for you"),
    GrantKind.PRICE_DIFFERENCE: gettext_lazy("we are paying the difference in price back to you"),
    GrantKind.GIFT: _WILL,
    GrantKind.COUPON: _WILL,
    GrantKind.POINTS: _WILL,
}
"""The same of what was asked for and is not there yet."""
KINDS: Mapping[str, str] = {
    "reship": GrantKind.RESHIPMENT,
    "difference": GrantKind.PRICE_DIFFERENCE,
}
"""Where playbooks call a kind of remedy otherwise than grants do."""


def check(text: str) -> None:
    """Refuse a template that could not be filled in.

    Raises:
        Invalid: it names something that is on no list, or has a bracket of its own.
    """
    texts.check(text, NAMES, "praised")


def values_of(
    review: Review, facts: Facts, *, case: Case | None, spoken: Language, at: datetime
) -> dict[str, str]:
    """What every name stands for in a reply to a review; "" where there is nothing to say."""
    with translation.override(spoken):
        return {
            "praised": listed(facts.praised),
            "word": praise_in(review),
            "problem": listed(facts.blamed),
            "remedy": remedy_of(case) if case else "",
            "call": _call(case, spoken, at) if case else "",
            "product": str(review.product) if review.product else "",
        }


def listed(aspects: Iterable[str]) -> str:
    """Aspects in a line, in the language in force, three at most."""
    found = [str(VoiceAspect(one).label) for one in aspects][:3]
    if len(found) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(found)
    return _("%(first)s and %(last)s") % {"first": _(", ").join(found[:-1]), "last": found[-1]}


def remedy_of(case: Case) -> str:
    """What is done about a case, as everybody may read it: given first, then what is being arranged.

    What still waits for approval is not told of. Where nothing is under way, what the playbook in use gives.
    """
    given = Remedy.objects.filter(case=case, grant__status__in=[*GIVEN, GrantStatus.APPROVED])
    done = list(given.order_by("pk").values_list("grant__kind", flat=True))
    asked = RemedyRequest.objects.filter(case=case).exclude(status=RequestStatus.REFUSED).order_by("pk")
    under_way: list[str] = []
    for kind, status in asked.values_list("kind", "status"):
        (done if status == RequestStatus.DONE else under_way).append(KINDS.get(kind, kind))
    if not done and not under_way:
        under_way = _meant(case)
    said = [str(GIVEN_SAID[kind]) for kind in done] + [str(UNDER_WAY[kind]) for kind in under_way]
    return _("; ").join(dict.fromkeys(said))


def _meant(case: Case) -> list[str]:
    """The kinds of what the playbook that was applied last gives of itself."""
    last = PlaybookUse.objects.filter(case=case).select_related("version").order_by("-pk").first()
    givings = read(last.version.content).givings if last else ()
    return [KINDS.get(one.kind, str(one.kind)) for one in givings if not one.by_itself]


def _call(case: Case, spoken: Language, at: datetime) -> str:
    """By when we promised to call, while that is still to come."""
    for one in promised(Clock.objects.filter(case=case), at):
        if one.what == "call" and one.is_open and one.by > at:
            return date_format(timezone.localtime(one.by), MOMENT_FORMAT[spoken])
    return ""


def fill(text: str, values: Mapping[str, str]) -> Rendered:
    """Put values in; see playbooks.texts."""
    return texts.fill(text, values)
