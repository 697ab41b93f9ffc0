"""The top of the desk: whether I am there, how much I have, how well I do today."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.common.models import User
from config.common.screens import StaffRequest, page, tell
from feedback.admin.access import needs
from feedback.cases.today import Today, today_of
from feedback.models import Agent, PresenceState
from feedback.org.queries import agent_of
from feedback.shifts import commands as shifts
from feedback.shifts.queries import Load, loads, states

STATES = [(value, label) for value, label in PresenceState.choices]


@dataclass(frozen=True, slots=True)
class Seat:
    """One agent at work: presence, load of capacity, attainment."""

    agent: Agent | None
    state: str
    load: Load
    today: Today | None

    @property
    def states(self) -> list[tuple[str, str]]:
        """What one can be, to choose from."""
        return [(value, str(label)) for value, label in STATES]

    @property
    def label(self) -> str:
        """The present state for people; who has not said anything yet is offline."""
        return next((text for value, text in self.states if value == self.state), _("offline"))


def seat_of(user: User, agent: Agent | None, at: datetime, *, with_today: bool = True) -> Seat:
    """The seat of this person. Three queries for an agent."""
    if agent is None:
        return Seat(None, "", Load(), None)
    state, load = states([agent.pk], at)[agent.pk], loads([agent.pk])[agent.pk]
    return Seat(agent, state, load, today_of(user, at) if with_today else None)


@require_POST
@needs("feedback.work_case")
def presence(request: StaffRequest) -> HttpResponse:
    """Say whether one is there; who is no agent has nothing to say."""
    at, agent = timezone.now(), agent_of(request.user)
    state = request.POST.get("state", "")
    if agent is not None and state in PresenceState.values:
        shifts.set_presence(agent=agent, state=PresenceState(state), at=at)
    seat = seat_of(request.user, agent, at, with_today=False)
    return tell(page(request, "feedback/desk/presence.html", {"seat": seat}, at=at))
