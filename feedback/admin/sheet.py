"""What a page shows of one case: the conversation, its clocks, what can be done, who and what it is about."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from compensation.members.masking import masked_email
from compensation.models import Order
from config.common.screens import StaffRequest
from feedback.cases.linking import Linked, Suggestion, links_of, suggestions
from feedback.cases.outgoing import recipients
from feedback.cases.queries import Actions, actions_for
from feedback.cases.recognising import is_guest
from feedback.cases.taking_down import KINDS
from feedback.cases.thread import LIMIT, Line, Thread, came_since, thread_of
from feedback.cases.timeline import Entry, timeline_of
from feedback.cases.watching import watches
from feedback.channels.email.strangers import waiting
from feedback.clocks.queries import Chip, chips
from feedback.desk.drafts import drafts_of
from feedback.models import (
    OUTSIDE,
    UNENDED,
    Agent,
    Case,
    CaseKind,
    ChannelMessage,
    Department,
    Draft,
    Handoff,
    HandoffStatus,
    Milestone,
    Priority,
    Resolution,
)
from feedback.org.queries import colleagues, department_ids

MORE = 2000
ORDERS = 20
NAMES: dict[str, Promise] = {
    "claim": _("Claim"),
    "assign": _("Assign"),
    "reply": _("Reply"),
    "wait": _("Wait for member"),
    "resolve": _("Resolve"),
    "hand_over": _("Hand over"),
    "transfer": _("Transfer"),
    "change_priority": _("Priority"),
    "correct": _("Set right"),
    "reopen": _("Reopen"),
    "close_case": _("Close the case"),
    "merge": _("Merge"),
}
"""The moves whose refusal a person may wonder about."""

RESOLUTIONS = [choice for choice in Resolution.choices if choice[0] != Resolution.SILENT]


@dataclass(frozen=True, slots=True)
class Asked:
    """A handoff as a page shows it: with its clock, and what this person may do with it."""

    handoff: Handoff
    chip: Chip | None
    may_answer: bool
    may_recall: bool


class Sheet:
    """One case for one person at one moment. What a page does not show is not read."""

    def __init__(self, request: StaffRequest, case: Case, at: datetime) -> None:
        """Take the case as get_for gave it."""
        self.request, self.case, self.at = request, case, at
        self.key = uuid.uuid4().hex
        self.resolutions = RESOLUTIONS
        self.priorities = Priority.choices
        self.outside = [(reason.value, reason.label) for reason in OUTSIDE]

    @cached_property
    def actions(self) -> Actions:
        """What may be done, and why not the rest."""
        return actions_for(self.case, self.request.user)

    @cached_property
    def may(self) -> dict[str, bool]:
        """The same for templates, which cannot ask `in` of a name with a variable."""
        return dict.fromkeys(self.actions, True)

    @cached_property
    def refused(self) -> list[tuple[str, str]]:
        """The refused moves with their reasons, for people."""
        return [
            (str(NAMES[name]), str(reason)) for name, reason in self.actions.refused.items() if name in NAMES
        ]

    @cached_property
    def chips(self) -> list[Chip]:
        """The case's own clocks: those that run, and the last two that ended."""
        own = [chip for chip in self.all_chips if chip.clock.handoff_id is None]
        return self.running + [chip for chip in own if not chip.is_running][:2]

    @cached_property
    def running(self) -> list[Chip]:
        """The case's own clocks that run or stand still."""
        return [chip for chip in self.all_chips if chip.is_running and chip.clock.handoff_id is None]

    @cached_property
    def runs(self) -> dict[str, Chip]:
        """The same by milestone."""
        return {chip.clock.milestone: chip for chip in self.running}

    @cached_property
    def all_chips(self) -> list[Chip]:
        """Every clock of the case."""
        return chips(self.case, now=self.at)

    @cached_property
    def entries(self) -> list[Entry]:
        """Everything that happened."""
        return timeline_of(self.case, self.handoffs)

    @cached_property
    def handoffs(self) -> list[Handoff]:
        """Every question to another department."""
        related = (
            "department",
            "from_department",
            "asked_by",
            "answered_by",
            "accepted_by",
            "after__department",
        )
        return list(Handoff.objects.filter(case=self.case).select_related(*related))

    @cached_property
    def asked(self) -> list[Asked]:
        """The same with clocks and what this person may do."""
        found = {
            chip.clock.handoff_id: chip
            for chip in self.all_chips
            if chip.clock.milestone == Milestone.HANDOFF
        }
        ours = self.our_departments
        return [
            Asked(
                handoff=handoff,
                chip=found.get(handoff.pk),
                may_answer=handoff.status == HandoffStatus.OPEN
                and handoff.department_id in ours
                and "answer" in self.actions,
                may_recall=handoff.status in UNENDED and "recall" in self.actions,
            )
            for handoff in self.handoffs
        ]

    @cached_property
    def unended(self) -> list[Asked]:
        """The questions that another one can come after."""
        return [asked for asked in self.asked if asked.handoff.status in UNENDED]

    @cached_property
    def waiting(self) -> list[Asked]:
        """The questions that this person can answer."""
        return [asked for asked in self.asked if asked.may_answer]

    @cached_property
    def our_departments(self) -> set[int]:
        """The departments whose cases this person sees."""
        return department_ids(self.request.user)

    @cached_property
    def thread(self) -> Thread:
        """The conversation."""
        limit = MORE if "all" in self.request.GET else LIMIT
        return thread_of(self.case, self.entries, self.handoffs, limit=limit)

    @cached_property
    def last_event(self) -> int:
        """The newest event that the page tells of."""
        return max((entry.event_id for entry in self.entries), default=0)

    def came_since(self, seen: int | None, told: int | None) -> list[Line]:
        """What came in since a page was made that showed these last; nothing if it did not say."""
        if seen is None or told is None:
            return []
        return came_since(self.thread, self.entries, seen=seen, told=told)

    @cached_property
    def colleagues(self) -> list[Agent]:
        """Who the case can be assigned to."""
        return list(colleagues(self.case.department))

    @cached_property
    def departments(self) -> list[Department]:
        """Where the case or a question can go."""
        return list(Department.objects.filter(is_active=True).exclude(pk=self.case.department_id))

    @property
    def is_guest(self) -> bool:
        """Whether the case is of somebody whom the shop does not know yet."""
        return is_guest(self.case.member)

    @cached_property
    def kinds(self) -> list[tuple[str, str]]:
        """What the case can be said to be about."""
        kind = CaseKind(self.case.kind)
        return [(one.value, str(one.label)) for one in ([kind] if kind == CaseKind.REVIEW else KINDS)]

    @cached_property
    def orders(self) -> list[Order]:
        """The member's newest orders, and the one that the case is about."""
        found = list(Order.objects.filter(member=self.case.member_id).order_by("-placed_at", "-pk")[:ORDERS])
        known = self.case.order
        return found if known is None or known in found else [known, *found]

    @cached_property
    def signature(self) -> str:
        """What may be done, as one word: a page that shows other buttons is out of date."""
        return "-".join(sorted(self.actions))

    @cached_property
    def drafts(self) -> dict[str, Draft]:
        """What this person began to write here, by field, with dashes as underscores."""
        found = drafts_of(self.case, self.request.user)
        return {kind.replace("-", "_"): draft for kind, draft in found.items()}

    @cached_property
    def suggested(self) -> list[Suggestion]:
        """Cases that may be the same problem, for who may merge this one."""
        return suggestions(self.case, self.request.user, at=self.at) if "merge" in self.actions else []

    @cached_property
    def recipients(self) -> list[tuple[int | str, str]]:
        """Who a reply can go to, where that is a question: what the form sends, and how they are shown.

        The member's own address is masked as beside the case, where showing it is put on record.
        """
        sees = self.request.user.has_perm("compensation.see_contacts")
        found = recipients(self.case) if "reply" in self.actions else []
        return [
            (one.letter or "", f"{one.name} <{_shown(one.address, in_full=sees and one.letter is not None)}>")
            for one in found
        ]

    @cached_property
    def letters(self) -> list[ChannelMessage]:
        """The letters of others that wait for somebody to put them into the case, or leave them aside."""
        return waiting(self.case) if "note" in self.actions else []

    @cached_property
    def linked(self) -> list[Linked]:
        """The cases that this one is linked with."""
        return links_of(self.case, self.request.user)

    @cached_property
    def watched(self) -> bool:
        """Whether this person is told of what happens in the case."""
        return watches(self.case, self.request.user)

    def context(self, **more: Any) -> Mapping[str, Any]:
        """What the templates are given."""
        return {"sheet": self, "case": self.case, **more}


def _shown(address: str, *, in_full: bool) -> str:
    return address if in_full else masked_email(address)
