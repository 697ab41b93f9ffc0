"""All that happened in a case, in words: its own events, and those of its handoffs."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common.events import timeline
from config.common.models import Event, User
from config.common.money import display
from feedback.clocks import story
from feedback.models import (
    Agent,
    ApprovalKind,
    Case,
    CaseKind,
    Department,
    Handoff,
    Milestone,
    PauseReason,
    Priority,
    RemedyKind,
    Resolution,
)
from feedback.models.case import number_of

TEXTS: dict[str, Promise] = {
    "case.opened": _("opened the case for %(department)s"),
    "case.claimed": _("took the case"),
    "case.assigned": _("assigned the case to %(agent)s"),
    "case.given_back": _("gave the case back"),
    "case.replied": _("replied"),
    "case.noted": _("wrote a note"),
    "case.member_wrote": _("wrote"),
    "case.transferred": _("transferred the case from %(before)s to %(after)s"),
    "case.priority_changed": _("changed the priority from %(before)s to %(after)s"),
    "case.corrected": _("set right what the case is about: %(corrected)s"),
    "case.recognised": _("said which member it is"),
    "case.resolved": _("resolved the case: %(resolution)s"),
    "case.confirmed": _("confirmed that it is solved"),
    "case.reopened": _("reopened the case"),
    "case.closed": _("closed the case"),
    "case.merged": _("merged this case into %(case)s"),
    "case.took_in": _("merged %(case)s into this case"),
    "case.split": _("made a part of this case a case of its own: %(case)s"),
    "case.split_off": _("opened the case from a part of %(case)s"),
    "case.linked": _("linked the case with %(case)s"),
    "case.unlinked": _("took away the link with %(case)s"),
    "case.mentioned": _("mentioned %(told)s in a note"),
    "chat.started": _("began a chat"),
    "chat.said": _("said something automatically"),
    "chat.answered": _("answered from the knowledge base"),
    "chat.helped": _("found the automatic answer helpful"),
    "chat.person_wanted": _("asked for a person"),
    "chat.handed_over": _("handed the chat over"),
    "chat.ended": _("ended the chat"),
    "chat.message_left": _("left a message while the chat was closed"),
    "case.letter_waits": _("keeps a letter of somebody else aside, until an agent decides"),
    "case.letter_left": _("left a letter of somebody else aside"),
    "case.call_rang": _("called"),
    "case.call_answered": _("answered the call"),
    "case.call_lost": _("nobody answered the call"),
    "case.reply_failed": _("a reply did not reach the member"),
    "handoff.asked": _("asked %(department)s"),
    "handoff.planned": _("will ask %(department)s next"),
    "handoff.accepted": _("accepted the question for %(department)s"),
    "handoff.bounced": _("rejected too often: a lead decides who answers"),
    "handoff.answered": _("answered for %(department)s"),
    "handoff.rejected": _("rejected the question for %(department)s"),
    "handoff.recalled": _("took back the question to %(department)s"),
    "clock.started": _("clock started: %(milestone)s"),
    "clock.met": _("in time: %(milestone)s"),
    "clock.met_late": _("done, but late: %(milestone)s"),
    "clock.paused": _("clock paused: %(milestone)s"),
    "clock.resumed": _("clock resumed: %(milestone)s"),
    "clock.breached": _("not in time: %(milestone)s"),
    "clock.breach_withdrawn": _("breach withdrawn: %(milestone)s"),
    "clock.moved": _("%(after)s answers for the clock from now on"),
    "clock.retargeted": _("clock set anew: %(milestone)s"),
    "clock.pause_accepted": _("accepted a pause: %(milestone)s"),
    "clock.pause_rejected": _("rejected a pause, which does not count: %(milestone)s"),
    "clock.resumed_capped": _("clock runs again, as the pause has lasted as long as it may: %(milestone)s"),
    "case.waits": _("waits: %(reason)s"),
    "case.goes_on": _("goes on: no longer %(reason)s"),
    "case.courier_asked": _("asked the courier"),
    "case.courier_answered": _("wrote down the courier's answer"),
    "case.call_promised": _("promised to call back"),
    "case.refunded": _("made the refund"),
    "case.review_answered": _("answered the review"),
    "case.called_back": _("called the member"),
    "case.call_unwanted": _("noted that the member wants no call any more"),
    "case.call_missed": _("called the member, who did not answer"),
    "clock.retargeted_policy": _("clock set anew as the policy changed: %(milestone)s"),
    "clock.stopped": _("clock stopped: %(milestone)s"),
    "clock.stopped_merged": _("clock stopped by the merge, the earlier one goes on: %(milestone)s"),
    "clock.joined": _("the clocks of the merged case go on here: %(milestone)s"),
    "approval.approved": _("approved: %(approval)s"),
    "approval.refused": _("refused: %(approval)s"),
    "approval.lapsed": _("needs no approval any more: %(approval)s"),
    "remedy.granted": _("gave a remedy of %(amount)s"),
    "remedy.requested": _("asked to approve a remedy of %(amount)s"),
    "remedy.refused": _("refused a remedy of %(amount)s"),
    "remedy.amended": _("changed the request for a remedy to %(amount)s"),
    "remedy.withdrawn": _("withdrew the request for a remedy of %(amount)s"),
    "remedy.confirmed": _("a remedy of %(amount)s has reached the member"),
    "remedy.failed": _("a remedy of %(amount)s could not be given"),
    "remedy.reversed": _("took back a remedy of %(amount)s"),
    "case.suggestion_accepted": _("accepted the suggestion: points for the member"),
    "rule.left": _("a rule left what to give to a person"),
    "rule.task_ended": _("dealt with what a rule had left"),
    "case.watched": _("has %(colleague)s watch the case"),
    "case.unwatched": _("has %(colleague)s watch the case no longer"),
    "playbook.applied": _("began to work by a playbook"),
    "playbook.step_done": _("ticked off step %(step)s of the playbook"),
    "playbook.step_undone": _("took back the tick of step %(step)s"),
    "playbook.not_given": _("could not give: %(remedy)s"),
    "request.asked": _("asked for: %(remedy)s"),
    "request.done": _("carried out: %(remedy)s"),
    "request.refused": _("refused to carry out: %(remedy)s"),
    "answer.given": _("answered from the knowledge base"),
    "case.crisis_joined": _("belongs to a crisis from now on"),
    "case.crisis_left": _("took the case out of a crisis"),
    "case.crisis_answered": _("sent the first answer of a crisis"),
    "case.opened_by_rule": _("opened the case for %(department)s by the rule “%(rule)s”"),
    "case.opened_by_word": _(
        "opened the case for %(department)s by the rule “%(rule)s”, which found “%(word)s”"
    ),
    "case.routed.dedicated": _(
        "gave the case to %(agent)s, the member's own agent, who now has %(load)s of %(limit)s"
    ),
    "case.routed.cover": _(
        "gave the case to %(agent)s, who covers for the member's own agent and now has %(load)s of %(limit)s"
    ),
    "case.routed.sticky": _(
        "gave the case to %(agent)s, who looked after the member last and now has %(load)s of %(limit)s"
    ),
    "case.routed.round_robin": _(
        "gave the case to %(agent)s, whose turn it was among %(among)s, and who now has %(load)s of %(limit)s"
    ),
    "case.routed.least_loaded": _(
        "gave the case to %(agent)s, with the least to do among %(among)s, who now has %(load)s of %(limit)s"
    ),
    "case.handed_back.shift": _("took the case back, since %(agent)s is off shift"),
    "case.handed_back.away": _("took the case back, since %(agent)s was away for too long"),
    "case.handed_back.offline": _("took the case back, since %(agent)s was offline for too long"),
    "case.handed_back.left": _("took the case back, since %(agent)s has left"),
    "case.overflowed": _("found nobody in %(before)s who could take the case in time"),
    "case.contacts_seen": _("looked at the member's contacts"),
}
"""An event in words, after the name of who did it. Apps above may add theirs."""

CORRECTED = {"subject": _("subject"), "kind": _("kind"), "order": _("order")}
SYSTEM = _("System")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when, what, by whom, in words of the reader's language."""

    at: datetime
    kind: str
    who: str
    text: str
    data: dict[str, Any]
    event_id: int


def timeline_of(case: Case, handoffs: Iterable[Handoff] | None = None) -> list[Entry]:
    """All that happened in a case, oldest first, in a fixed number of queries; `handoffs` if known already.

    What happened in a case that was merged into it is told too.
    """
    if handoffs is None:
        handoffs = Handoff.objects.filter(case=case).only("pk")
    events = list(timeline([case, *handoffs]))
    if any(event.kind == "case.took_in" for event in events):
        merged = Case.objects.filter(merged_into=case).only("pk")
        events = sorted([*events, *timeline(list(merged))], key=lambda event: (event.at, event.pk))
    names = _Names(events)
    return [
        Entry(event.at, event.kind, _who(event, names), _text(event, names), event.data, event.pk)
        for event in events
    ]


class _Names:
    """The names of everybody and everything that some events mention."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Look them up, one query for each kind of thing."""
        wanted: dict[str, set[int]] = defaultdict(set)
        for event in events:
            kind, _sign, pk = event.actor.partition(":")
            wanted[kind].add(int(pk or 0))
            wanted["agent"].add(event.data.get("agent") or 0)
            wanted["user"].update(event.data.get("told", ()))
            wanted["user"].add(event.data.get("user") or 0)
            wanted["department"].update(_departments(event.data))
        users = User.objects.in_bulk(wanted["user"])
        members = Member.objects.in_bulk(wanted["member"])
        self.users = {pk: str(user) for pk, user in users.items()}
        self.people = {
            **{f"user:{pk}": str(user) for pk, user in users.items()},
            **{f"member:{pk}": str(member) for pk, member in members.items()},
        }
        agents = Agent.objects.select_related("user").in_bulk(wanted["agent"])
        self.agents = {pk: str(agent) for pk, agent in agents.items()}
        departments = Department.objects.in_bulk(wanted["department"])
        self.departments = {pk: str(department) for pk, department in departments.items()}

    def actor(self, reference: str) -> str:
        """Who did it, by name."""
        return self.people.get(reference) or str(SYSTEM)

    def department(self, pk: int | None) -> str:
        """A department's name."""
        return self.departments.get(pk or 0, "—")


def _departments(data: dict[str, Any]) -> list[int]:
    """The departments that an event's data mention; a status in "from" and "to" is none."""
    found = [data.get(name) for name in ("department", "asked", "from", "to")]
    found += data.get("departments", ())
    return [pk for pk in found if isinstance(pk, int)]


def _who(event: Event, names: _Names) -> str:
    return str(story.LADDER) if "rung" in event.data else names.actor(event.actor)


def _text(event: Event, names: _Names) -> str:
    data = event.data
    if "rung" in data:
        return _rung(event, names)
    kind = _nearer(event)
    words = {
        "department": names.department(data.get("department")),
        "agent": names.agents.get(data.get("agent") or 0, "—"),
        "milestone": _milestones(data),
        "resolution": _label(Resolution, data.get("resolution")),
        "reason": _label(PauseReason, data.get("reason")),
        "amount": display(data.get("cost_fen") or 0),
        "case": number_of(data.get("case") or data.get("into") or data.get("split_from") or 0),
        "colleague": names.actor(f"user:{data.get('user')}"),
        "told": str(_(", ")).join(names.actor(f"user:{user}") for user in data.get("told", ())),
        "remedy": _label(RemedyKind, data.get("remedy")),
        "step": data.get("step", ""),
        "approval": _label(ApprovalKind, data.get("approval")),
        "before": "",
        "after": "",
        "rule": named(data.get("rule")),
        "word": data.get("word", ""),
        "corrected": _corrected(data),
        **{name: data.get(name, "—") for name in ("load", "limit", "among")},
    }
    if "departments" in data:
        words["before"], words["after"] = map(names.department, data["departments"])
    elif "priorities" in data:
        words["before"], words["after"] = (_label(Priority, one) for one in data["priorities"])
    elif event.kind == "clock.moved":
        words["before"], words["after"] = names.department(data["from"]), names.department(data["to"])
    text = str(TEXTS.get(kind, event.kind)) % words
    return f"{text} ({_('skill')}: {named(data['skill'])})" if "skill" in data else text


def named(kept: dict[str, str] | None) -> str:
    """The name of something that an event keeps in both languages, in the language of the moment."""
    if not kept:
        return "—"
    is_english = (get_language() or "").startswith("en")
    return kept["name_en"] if is_english and kept["name_en"] else kept["name"]


def _corrected(data: dict[str, Any]) -> str:
    """What was set right; of the kind from what to what."""
    found = []
    for name in data.get("corrected", ()):
        told = str(CORRECTED[name])
        if name == "kind":
            told += " (" + " → ".join(_label(CaseKind, one) for one in data["kinds"]) + ")"
        found.append(told)
    return str(_(", ")).join(found)


def _milestones(data: dict[str, Any]) -> str:
    names = data.get("milestones", [data.get("milestone")])
    return str(_(", ")).join(_label(Milestone, name) for name in names)


def _nearer(event: Event) -> str:
    """The kind, told apart by its data where one kind needs two texts."""
    tell = NEARER.get(event.kind)
    return (tell(event.data) if tell else None) or event.kind


def _rung(event: Event, names: _Names) -> str:
    data = event.data
    return story.sentence(
        data["action"],
        data["milestone"],
        data,
        story.Names(names.users, names.agents, names.departments),
        due_at=datetime.fromisoformat(data["due"]),
        at=event.at,
    )


def _opened(data: dict[str, Any]) -> str | None:
    if "split_from" in data:
        return "case.split_off"
    if "rule" not in data:
        return None
    return "case.opened_by_word" if data.get("word") else "case.opened_by_rule"


NEARER: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "clock.met": lambda data: "clock.met_late" if data.get("late") else None,
    "clock.resumed": lambda data: "clock.resumed_capped" if data.get("capped") else None,
    "clock.pause_reviewed": lambda data: f"clock.pause_{data['verdict']}",
    "clock.retargeted": lambda data: "clock.retargeted_policy" if data.get("why") == "policy" else None,
    "case.called_back": lambda data: None if data["reached"] else "case.call_missed",
    "case.assigned": lambda data: "case.given_back" if data.get("agent") is None else None,
    "case.opened": _opened,
    "case.routed": lambda data: f"case.routed.{data['why']}",
    "case.handed_back": lambda data: f"case.handed_back.{data['reason']}",
    "clock.stopped": lambda data: "clock.stopped_merged" if data.get("reason") == "merged" else None,
}


def _label(choices: Any, value: object) -> str:
    return str(choices(value).label) if value in choices.values else "—"
