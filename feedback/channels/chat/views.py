"""A chat as its member sees it, on a page or in an app, besides what was said."""

from dataclasses import dataclass
from datetime import datetime

from feedback.channels.chat import queries, rules
from feedback.models import AnswerOutcome, ChatSession, ChatState


@dataclass(frozen=True, slots=True)
class View:
    """What the member sees of a chat besides what was said."""

    chat: ChatSession
    place: rules.Place | None
    is_late: bool
    is_typing: bool
    asks_whether_it_helped: bool

    @staticmethod
    def of(chat: ChatSession, at: datetime) -> "View":
        """The chat as it is at a moment."""
        place = queries.place_of(chat) if chat.state == ChatState.WAITING else None
        return View(
            chat=chat,
            place=place,
            is_late=place is not None and place.is_late(at),
            is_typing=chat.state == ChatState.ACTIVE and rules.is_typing(chat.agent_typed_at, at),
            asks_whether_it_helped=chat.state == ChatState.AUTOMATIC
            and chat.answer is not None
            and chat.answer.outcome != AnswerOutcome.HELPED,
        )

    @property
    def mark(self) -> str:
        """A word that changes with what is seen."""
        place = f"{self.place.number}~{self.place.by and self.place.by.timestamp()}" if self.place else ""
        return "~".join(
            str(part)
            for part in (
                self.chat.state,
                self.chat.case.agent_id or 0,
                place,
                int(self.is_late),
                int(self.is_typing),
                int(self.asks_whether_it_helped),
            )
        )
