"""The buttons of the case page: each parses its form, calls one command, and says what was done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from config.common.screens import StaffRequest
from feedback.admin.letters import sort_letter
from feedback.admin.moves import arranging, giving, talking, working
from feedback.admin.moves.asked import Said
from feedback.admin.recognising import say_who
from feedback.models import Case


@dataclass(frozen=True, slots=True)
class Move:
    """A command with the action that has to be allowed for it, and the draft that it uses up."""

    action: str
    perform: Callable[[StaffRequest, Case, datetime], Said]
    draft: str = ""


MOVES: dict[str, Move] = {
    "reply": Move("reply", talking.reply, "reply"),
    "note": Move("note", talking.note, "note"),
    "claim": Move("claim", working.claim),
    "assign": Move("assign", working.assign),
    "transfer": Move("transfer", working.transfer, "transfer"),
    "hand-over": Move("hand_over", working.hand_over, "hand-over"),
    "answer": Move("answer", working.answer, "answer"),
    "accept": Move("answer", working.accept),
    "recall": Move("recall", working.recall),
    "priority": Move("change_priority", arranging.change_priority),
    "correct": Move("correct", arranging.correct),
    "recognise": Move("correct", say_who),
    "reopen": Move("reopen", arranging.reopen, "reopen"),
    "close": Move("close_case", arranging.close),
    "grant": Move("grant", giving.grant, "grant"),
    "amend": Move("grant", giving.amend),
    "withdraw": Move("grant", giving.withdraw),
    "wait-for": Move("wait_for", talking.wait_for),
    "go-on": Move("go_on", talking.go_on),
    "courier": Move("courier", talking.courier, "courier"),
    "call": Move("call", talking.call, "call"),
    "keep": Move("keep", talking.keep),
    "letter": Move("note", sort_letter),
    "reveal": Move("note", arranging.reveal),
    "merge": Move("merge", arranging.merge),
    "split": Move("split", arranging.split, "split"),
    "link": Move("link", arranging.link),
    "unlink": Move("link", arranging.unlink),
    "watch": Move("note", working.watch),
    "unwatch": Move("note", working.unwatch),
}
"""By the last part of the address that the form is sent to."""
