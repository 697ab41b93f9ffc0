"""The telephone: a telephone system reports its calls by signed webhooks."""

from datetime import datetime
from typing import Any, ClassVar

from feedback.channels.base import Silent
from feedback.channels.phone import commands, events
from feedback.models import Case, WebhookSource


class Phone(Silent):
    """Calls. What is said in them is heard, not sent."""

    code: ClassVar[str] = "phone"

    def take(self, source: WebhookSource, content: dict[str, Any], *, at: datetime) -> Case | None:
        """Take in one report of a call.

        Raises:
            Invalid: it is none.
        """
        report = events.read(content, source.field_map, now=at)
        return commands.take(source=source, report=report, at=at).case
