"""Whether the person at this desk is there: asked, said, and kept up by signs of life.

GET tells it. POST with a `state` says it; POST without one is a sign of life, which an open desk sends about
every 45 seconds: whoever was not heard of for two minutes is offline.
"""

from datetime import datetime

from django.http import Http404, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from config.common.errors import DomainError
from config.common.screens import StaffRequest
from feedback.admin.access import needs
from feedback.models import Agent, Presence, PresenceState
from feedback.org.queries import agent_of
from feedback.shifts import commands, queries
from feedback.shifts.rules import state_at

WORK = "feedback.work_case"


@require_http_methods(["GET", "POST"])
@needs(WORK)
def presence(request: StaffRequest) -> JsonResponse:
    """Tell, say or keep up the presence of the agent who asks."""
    agent, at = agent_of(request.user), timezone.now()
    if agent is None:
        raise Http404
    if request.method == "POST":
        state = request.POST.get("state", "")
        try:
            if state:
                commands.set_presence(agent=agent, state=PresenceState(state), at=at)
            else:
                commands.seen(agent_id=agent.pk, at=at)
        except (DomainError, ValueError):
            return JsonResponse({"state": _state(agent, at)[0]}, status=400)
    return JsonResponse(_answer(agent, at))


def _answer(agent: Agent, at: datetime) -> dict[str, object]:
    state, since = _state(agent, at)
    load = queries.loads([agent.pk])[agent.pk]
    return {
        "state": state,
        "since": since.isoformat() if since else None,
        "is_on_shift": agent.pk in queries.on_shift([agent.pk], at),
        "chats": load.chats,
        "chat_capacity": agent.chat_capacity,
        "cases": load.others,
        "capacity": agent.capacity,
    }


def _state(agent: Agent, at: datetime) -> tuple[str, datetime | None]:
    row = Presence.objects.filter(agent=agent).first()
    if row is None:
        return state_at(None, None, at), None
    return state_at(row.state, row.seen_at, at), row.since
