"""Letters about a case that its member did not write: who gets into the conversation, and how often.

Whoever knows the tag of a case can write to it: a letter is forwarded, an address is read over a shoulder.
So only the member, and those whom we have written to or taken in before, get in by themselves.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compensation.members.rules import normal_contact
from config.common import limits
from config.common.events import record
from feedback.cases.locking import lock, save
from feedback.channels.email.letters import Letter
from feedback.models import Case, Channel, ChannelMessage, Direction, Outcome
from feedback.org.alerts import alert

DAY = timedelta(days=1)
TOLD_A_DAY = 20
"""Of so many letters that wait somebody is told, in one case and day; the others are only in the lists."""
WAITS = gettext_lazy("A letter of somebody else waits in case %(number)s: does it belong there?")


def why_aside(case: Case, letter: Letter, *, at: datetime) -> str:
    """Why a letter waits for a person beside this case, in the house's language; empty: it need not."""
    count = limits.hit(f"letter:{case.pk}:{letter.sender}"[:160], per=DAY, at=at).count
    with translation.override(settings.LANGUAGE_CODE):
        if count > settings.LETTERS_A_CASE_A_DAY:
            return _("more than %(most)s letters in a day") % {"most": settings.LETTERS_A_CASE_A_DAY}
        return "" if corresponds(case, letter.sender) else _("written by somebody else")


def corresponds(case: Case, address: str) -> bool:
    """Whether an address is the member's own, or one that letters of the case came from or went to before."""
    if case.member.email and normal_contact(case.member.email) == normal_contact(address):
        return True
    before = Q(direction=Direction.IN, outcome=Outcome.TAKEN, sender=address)
    before |= Q(direction=Direction.OUT, recipient__iexact=address)
    return ChannelMessage.objects.filter(before, case=case, channel=Channel.EMAIL).exists()


def put_aside(row: ChannelMessage, case: Case, why: str, *, tells: bool, at: datetime) -> None:
    """Keep a letter beside a case; no clock starts, nothing is reopened. `tells` who works on it."""
    case = lock(case.pk)
    row.case, row.outcome, row.reason = case, Outcome.SET_ASIDE, why[:300]
    if not tells or limits.hit(f"letter:{case.pk}:aside", per=DAY, at=at).count > TOLD_A_DAY:
        return
    save(case, news=False)
    record("case.letter_waits", case, actor=None, at=at, letter=row.pk)
    if case.agent is not None:
        alert(
            users=[case.agent.user],
            case=case,
            kind="case.letter_waits",
            key=f"letter:{row.pk}:waits",
            title=WAITS,
            at=at,
        )


def waiting(case: Case) -> list[ChannelMessage]:
    """The letters that wait beside a case, oldest first."""
    rows = ChannelMessage.objects.filter(case=case, channel=Channel.EMAIL, outcome=Outcome.SET_ASIDE)
    return list(rows.order_by("pk")[:TOLD_A_DAY])
