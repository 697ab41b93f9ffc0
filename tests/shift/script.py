"""What happens to each case of the shift: drawn by chance, the same at every run."""

import random
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.shift import book


class Happening(NamedTuple):
    at: datetime
    case: int
    what: str
    detail: str = ""


def facts_of(number: int) -> dict:
    """What each case is about."""
    chance = random.Random(f"facts {number}")
    return {
        "kind": chance.choice(["complaint", "complaint", "enquiry", "suggestion"]),
        "channel": chance.choice(["portal", "portal", "app", "chat"]),
        "priority": chance.choice([2, 2, 2, 3, 4]),
        "tier": chance.choice(["ordinary", "ordinary", "gold"]),
    }


PAUSES = {
    "reply": (20, 3 * book.HOUR),
    "member": (60, 30 * book.HOUR),
    "hand_over": (60, 2 * book.HOUR),
    "answer": (600, 9 * book.HOUR),
    "wait": (60, book.HOUR),
    "go_on": (book.HOUR, 40 * book.HOUR),
    "courier": (30, 20 * book.MINUTE),
    "call": (60, 8 * book.HOUR),
    "resolve": (60, 6 * book.HOUR),
    "reopen": (book.HOUR, 48 * book.HOUR),
}
"""How long after what came before, in seconds: between so much and so much."""


def happenings(number: int) -> list[Happening]:
    """A case from its opening in the shift's hour to its end, which may be after the holidays."""
    chance = random.Random(f"case {number}")
    at = book.SHIFT + timedelta(seconds=chance.randrange(book.HOUR))
    found = [Happening(at, number, "open")]
    state, asked, promised, department = "open", False, False, "service"
    priority = facts_of(number)["priority"]
    while len(found) < 25:
        options = {
            "open": ["reply", "reply", "reply", "ask", "member", "hand_over", "wait", "priority", "transfer"]
            + ["ask_courier"] * (not asked)
            + ["courier"] * asked
            + ["promise_call"] * (not promised)
            + ["call"] * promised
            + ["resolve"] * (len(found) > 3),
            "member": ["member", "member", "reply", "resolve"],
            "outside": ["member", "go_on", "go_on"] + ["courier"] * asked,
            "department": ["answer", "answer", "reply", "member"],
            "resolved": ["reopen", "done", "done"],
        }[state]
        what = chance.choice(options)
        if what == "done":
            break
        low, high = PAUSES.get(what, (30, 2 * book.HOUR))
        at += timedelta(seconds=chance.randint(low, high))
        if at >= book.END:
            break
        detail = ""
        if what == "ask":
            what, detail, state = "reply", "wait", "member"
        elif what == "wait":
            detail = chance.choice(["waiting_supplier", "waiting_courier", "waiting_bank"])
            state = "outside"
            waits = detail
        elif (
            what in {"go_on", "answer", "reopen"}
            or (what == "member" and state == "member")
            or (what == "reply" and state == "member")
        ):
            state = "open"
        elif what == "hand_over":
            detail, state = "product", "department"
        elif what == "resolve":
            state, asked, promised = "resolved", False, False
        elif what == "priority":
            priority = detail = str(chance.choice([one for one in (2, 3, 4) if str(one) != str(priority)]))
        elif what == "transfer":
            department = detail = "logistics" if department == "service" else "service"
        asked = asked or what == "ask_courier"
        if what == "courier":
            asked = False
            if state == "outside" and waits == "waiting_courier":
                state = "open"
        promised = (promised or what == "promise_call") and what != "call"
        found.append(Happening(at, number, what, detail))
    return found
