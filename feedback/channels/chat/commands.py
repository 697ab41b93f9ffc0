"""Everything that can happen to a chat; the parts are sorted by phase of life."""

from feedback.channels.chat.answering import ask_person, helped
from feedback.channels.chat.ending import end_by_agent, end_by_member, end_left
from feedback.channels.chat.presence import seen, typed
from feedback.channels.chat.starting import leave_message, start
from feedback.channels.chat.talking import hand_over, say, take, write

__all__ = [
    "ask_person",
    "end_by_agent",
    "end_by_member",
    "end_left",
    "hand_over",
    "helped",
    "leave_message",
    "say",
    "seen",
    "start",
    "take",
    "typed",
    "write",
]
