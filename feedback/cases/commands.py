"""Everything that can happen to a case; the parts are sorted by phase of life."""

from feedback.cases.correcting import correct
from feedback.cases.ending import close_case, close_silent, confirm, may_reopen, reopen, resolve
from feedback.cases.joining import merge
from feedback.cases.linking import link, unlink
from feedback.cases.opening import open_case
from feedback.cases.recognising import recognise
from feedback.cases.splitting import split
from feedback.cases.taking_down import take_down
from feedback.cases.talking import member_message, note, reply
from feedback.cases.working import AlreadyTaken, assign, change_priority, claim, transfer

__all__ = [
    "AlreadyTaken",
    "assign",
    "change_priority",
    "claim",
    "close_case",
    "close_silent",
    "confirm",
    "correct",
    "link",
    "may_reopen",
    "member_message",
    "merge",
    "note",
    "open_case",
    "recognise",
    "reopen",
    "reply",
    "resolve",
    "split",
    "take_down",
    "transfer",
    "unlink",
]
