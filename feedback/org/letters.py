"""What a gathered letter or message says: what happened, how often, to which cases and reviews."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from config.common.mail import send_mail
from config.common.models import OutboxMessage, User
from config.common.outbox import Dropped
from feedback.models import Alert, Case, Review, WatchJump
from feedback.org.digests import JUMP, REVIEW, Line
from feedback.org.words import say

SHOWN, SHOWN_OF_EACH = 50, 10

About = Case | Review | WatchJump
MODELS: Mapping[str, type[About]] = {"": Case, REVIEW: Review, JUMP: WatchJump}
"""What an alert may be about, by what its data names it; a case stands in its place."""
PAGES: Mapping[type[About], str] = {
    Case: "admin:case",
    Review: "admin:feedback_review_change",
    WatchJump: "admin:watch_jump",
}
Key = tuple[str, int]
"""What it is about, by MODELS, and its primary key."""


@dataclass(slots=True)
class Group:
    """What the same thing happened to: cases, reviews, jumps; `cases` are the first of them."""

    what: str
    number: int = 0
    cases: list[About] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.number - len(self.cases)


@dataclass(frozen=True, slots=True)
class Summary:
    """A letter: how many cases it is about, and what happened to them."""

    number: int
    groups: list[Group]

    @property
    def title(self) -> str:
        """The letter in one line: the one thing that happened, or how many cases there are."""
        if self.number == 1 and len(self.groups) == 1:
            what, number = self.groups[0].what, self.groups[0].cases[0].number
            return what if number in what else f"{number} {what}"
        return ngettext("%(number)s case needs you", "%(number)s cases need you", self.number) % {
            "number": self.number
        }


def summarise(alerts: Iterable[Line]) -> Summary:
    """Group alerts by what they say, in the language of the moment; a case counts once in each group."""
    found: dict[str, dict[Key, None]] = {}
    for line in alerts:
        if what := say(line[1], line[2]):
            found.setdefault(what, {})[_key(line)] = None
    everything = {key for group in found.values() for key in group}
    known = _known(found.values())
    groups = [
        Group(what, len(keys), [known[key] for key in list(keys)[:SHOWN_OF_EACH] if key in known])
        for what, keys in found.items()
    ]
    return Summary(len(everything), [group for group in groups if group.cases][:SHOWN])


def _key(line: Line) -> Key:
    case, _kind, data = line
    if case is not None:
        return "", case
    name = JUMP if JUMP in data else REVIEW
    return name, data[name]


def _known(groups: Iterable[dict[Key, None]]) -> dict[Key, About]:
    """Look up the first of each group: a query for each sort of what there is."""
    shown = {key for group in groups for key in list(group)[:SHOWN_OF_EACH]}
    found: dict[Key, About] = {}
    for name, model in MODELS.items():
        if wanted := [pk for kind, pk in shown if kind == name]:
            found |= {(name, row.pk): row for row in model._default_manager.filter(pk__in=wanted)}
    return found


def address_of(about: About) -> str:
    """Give the page of a case, review or jump, within the site."""
    return reverse(PAGES[type(about)], args=[about.pk])


def text_of(summary: Summary, *, name: str = "") -> str:
    """Write the letter out, with the address of each case that it names."""
    lines = [
        (group, [(about, settings.PUBLIC_URL + address_of(about)) for about in group.cases])
        for group in summary.groups
    ]
    return render_to_string("feedback/alerts.txt", {"name": name, "groups": lines})


def send_letter(message: OutboxMessage) -> None:
    """Send a letter to a colleague, in the language of the house.

    Raises:
        Dropped: the account is closed or has no e-mail, or everything was read on the desk already.
    """
    user = User.objects.filter(pk=message.payload["user"], is_active=True).first()
    if user is None or not user.email:
        raise Dropped("the account is closed or has no e-mail")
    alerts = _unread(user, message.payload.get("alerts", ()))
    with translation.override(settings.LANGUAGE_CODE):
        summary = summarise(alerts)
        if not summary.groups:
            raise Dropped("everything was read already")
        send_mail(
            to=user.email,
            subject=summary.title,
            text=text_of(summary, name=user.get_full_name()),
            request_id=str(message.request_id),
        )


def _unread(user: User, alerts: Sequence[Line]) -> list[Line]:
    """Leave out that of which this colleague has read everything on the desk."""
    keys = {_key(line) for line in alerts}
    cases, reviews, jumps = ([pk for kind, pk in keys if kind == name] for name in MODELS)
    unread = Alert.objects.filter(
        Q(case__in=cases) | Q(review__in=reviews) | Q(jump__in=jumps), user=user, read_at=None
    )
    left = {
        key
        for row in unread.values_list("case_id", "review_id", "jump_id")
        for key in zip(MODELS, row, strict=True)
        if key[1] is not None
    }
    return [line for line in alerts if _key(line) in left]
