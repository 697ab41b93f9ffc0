"""A meeting: its agenda with numbers, who is there, what is said and decided. All of it is one form.

Whatever is pressed while it is under way first keeps what was typed, so that no word is lost.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.models import User
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from config.common.sending import sent_once
from feedback.admin.access import needs
from feedback.admin.listening import perform
from kpis.admin.task_force_forms import DayForm, decision_form
from kpis.admin.task_force_topics import Told, told
from kpis.history import history
from kpis.models import Meeting, MeetingState, Presence, Resolve, TopicKind
from kpis.models.task_force import SAID, WORDS
from kpis.task_force import deciding, meetings, queries
from kpis.task_force.held import VIEW, may_lead, visible_to
from kpis.task_force.meetings import Written

Given = dict[str, Any]
LONGEST_TITLE = 60


@require_safe
@needs(VIEW)
def meeting(request: StaffRequest, pk: int) -> HttpResponse:
    """One meeting."""
    return _show(request, pk)


def _found(request: StaffRequest, pk: int) -> Meeting:
    found = Meeting.objects.filter(pk=pk, task_force__in=visible_to(request.user))
    one = found.select_related("task_force").first()
    if one is None:
        raise Http404
    return one


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    found, sent = _found(request, pk), request.POST if error else {}
    topics = told(list(found.topics.all()), request.user)
    leads = may_lead(found.task_force_id, request.user)
    holds = leads and found.state == MeetingState.BEGUN
    resolves = list(found.resolves.select_related("owner", "department").order_by("pk"))
    context = {
        "one": found,
        "topics": [
            (one, sent.get(f"said-{one.topic.pk}", one.topic.said), _of(resolves, one)) for one in topics
        ],
        "left_out": [(TopicKind(kind).label, number) for kind, number in found.left_out.items()],
        "minutes": sent.get("minutes", found.minutes),
        "attendance": [
            (row, sent.get(f"presence-{row.user_id}", row.presence))
            for row in found.attendance.select_related("user").order_by("user__name", "pk")
        ],
        "members": list(found.task_force.members.select_related("user", "department")),
        "presences": Presence.choices,
        "resolves": resolves,
        "form": decision_form(found, _titles(topics), sent or None, topic=id_in(request.GET.get("topic")))
        if holds
        else None,
        "day_form": DayForm(initial={"on": timezone.localdate()}) if leads else None,
        "leads": leads,
        "holds": holds,
        "history": history(found, queries.HAPPENED),
        "longest": (SAID, WORDS),
        "today": timezone.localdate(),
        "error": error,
    }
    return page(request, "kpis/task_force/meeting.html", context, status=error.status if error else 200)


def _of(resolves: list[Any], one: Told) -> list[Any]:
    return [resolve for resolve in resolves if resolve.topic_id == one.topic.pk]


def _titles(topics: list[Told]) -> list[tuple[int, str]]:
    return [(one.topic.pk, f"{one.topic.position} {one.title[:LONGEST_TITLE]}") for one in topics]


@require_POST
@needs(VIEW)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Do one thing with a meeting."""
    if name not in ACTS:
        raise Http404
    given = {"meeting_id": pk, "actor": request.user, "at": timezone.now()}
    return perform(
        request,
        VIEW,
        lambda: ACTS[name](request, given),
        lambda error: _show(request, pk, error=error),
        lambda _done: redirect(_next(request, pk)),
    )


def _next(request: StaffRequest, pk: int) -> str:
    """Back to the meeting; to what is decided on a topic, where that was asked for."""
    address, topic = reverse("admin:task_force_meeting", args=[pk]), id_in(request.POST.get("on-topic"))
    return address if topic is None else f"{address}?topic={topic}"


@transaction.atomic
def _keep(request: StaffRequest, given: Given) -> Meeting:
    """Keep what was typed and ticked."""
    post, said, presence = request.POST, {}, {}
    for name in post:
        kind, _dash, number = name.rpartition("-")
        row = id_in(number)
        if row is None:
            continue
        if kind == "said":
            said[row] = Written(post[name], post.get(f"was-said-{row}", ""))
        elif kind == "presence" and post[name] != post.get(f"was-presence-{row}"):
            presence[row] = post[name]
    minutes = Written(post["minutes"], post.get("was-minutes", "")) if "minutes" in post else None
    found = meetings.write(**given, said=said, minutes=minutes)
    return meetings.note_presence(**given, presence=presence) if presence else found


def _finish(request: StaffRequest, given: Given) -> Meeting:
    """The same, and say so where a decision stands there half typed."""
    found = _keep(request, given)
    if request.POST.get("decision-text", "").strip():
        raise Invalid(_("There is a decision that is not taken yet. Take it, or empty it."))
    return found


def _decide(request: StaffRequest, given: Given) -> Any:
    _keep(request, given)
    return sent_once(request, lambda: _decided(request, given), Resolve)


def _decided(request: StaffRequest, given: Given) -> Resolve:
    found = _found(request, given["meeting_id"])
    topics = [(pk, "") for pk in found.topics.values_list("pk", flat=True)]
    form = decision_form(found, topics, request.POST)
    if not form.is_valid():
        raise Invalid(_("Say what is decided, whose it is and until when."))
    asked = form.cleaned_data
    owner = User.objects.get(pk=asked.pop("owner"))
    return deciding.decide(**given, **{"topic_id": asked.pop("topic"), **asked}, owner=owner)


def _end(request: StaffRequest, given: Given) -> Any:
    _finish(request, given)
    return meetings.end(**given)


def _move(request: StaffRequest, given: Given) -> Any:
    form = DayForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose a day that is not past."))
    return meetings.move(**given, **form.cleaned_data)


ACTS: dict[str, Callable[[StaffRequest, Given], Any]] = {
    "begin": lambda _request, given: meetings.begin(**given),
    "move": _move,
    "call-off": lambda _request, given: meetings.call_off(**given),
    "keep": _finish,
    "decide": _decide,
    "end": _end,
}
MEETING_PAGES = [
    Page("task-forces/meetings/<int:pk>/", meeting, "task_force_meeting"),
    Page("task-forces/meetings/<int:pk>/<slug:name>/", act, "task_force_meeting_act"),
]
