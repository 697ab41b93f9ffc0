"""What a gathered letter or message says: what happened, how often, to which cases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from config.common.mail import send_mail
from config.common.models import OutboxMessage, User
from config.common.outbox import Dropped
from feedback.models import Alert, Case
from feedback.org.digests import Line
from feedback.org.words import say

SHOWN, SHOWN_OF_EACH = 50, 10


@dataclass(slots=True)
class Group:
    """The cases to which the same thing happened; `cases` are the first of them."""

    what: str
    number: int = 0
    cases: list[Case] = field(default_factory=list)

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
    cases: dict[str, dict[int, None]] = {}
    for case, kind, data in alerts:
        if what := say(kind, data):
            cases.setdefault(what, {})[case] = None
    everything = {pk for group in cases.values() for pk in group}
    known = Case.objects.only("subject").in_bulk(_shown(cases.values()))
    groups = [
        Group(what, len(pks), [known[pk] for pk in list(pks)[:SHOWN_OF_EACH] if pk in known])
        for what, pks in cases.items()
    ]
    return Summary(len(everything), [group for group in groups if group.cases][:SHOWN])


def _shown(groups: Iterable[dict[int, None]]) -> set[int]:
    return {pk for group in groups for pk in list(group)[:SHOWN_OF_EACH]}


def text_of(summary: Summary, *, name: str = "") -> str:
    """Write the letter out, with the address of each case that it names."""
    lines = [
        (group, [(case, settings.PUBLIC_URL + reverse("admin:case", args=[case.pk])) for case in group.cases])
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
    """Leave out the cases of which this colleague has read everything on the desk."""
    cases = {case for case, _kind, _data in alerts}
    unread = set(
        Alert.objects.filter(user=user, case__in=cases, read_at=None).values_list("case_id", flat=True)
    )
    return [line for line in alerts if line[0] in unread]
