"""Making one case of two, two of one, and linking them, for members of staff."""

from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from config.common.api import idempotency_key
from feedback.api.staff_move import Move, described
from feedback.api.staff_serializers import Some, number, text, version
from feedback.cases import commands
from feedback.cases.locking import survivor
from feedback.cases.queries import actions_for, get_for
from feedback.models import Case, CaseKind, LinkKind

LINKS = [choice for choice in LinkKind.choices if choice[0] != LinkKind.SPLIT]


class MergeSerializer(Some):
    """The case that goes on."""

    into = number()
    version = version()


class SplitSerializer(Some):
    """From which message on, and what the new case is about."""

    message = number()
    subject = text()
    kind = serializers.ChoiceField(choices=CaseKind.choices, required=False, default="")


class LinkSerializer(Some):
    """The other case, and what this one is to it: of a parent, this one is above."""

    other = number()
    kind = serializers.ChoiceField(choices=LINKS, default=LinkKind.RELATED)


class UnlinkSerializer(Some):
    """The other case."""

    other = number()


class Merge(Move):
    """Merge the case into another one, which goes on."""

    path, action, serializer = "merge", "merge", MergeSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Make one of two, if this person may do so with both."""
        into = get_for(self.user, content["into"])
        actions_for(into, self.user).check("merge")
        commands.merge(case_id=case.pk, into_id=into.pk, version=content["version"], actor=self.user, at=at)

    def answer(self, case_id: int) -> Response:
        """The case that goes on."""
        return super().answer(survivor(case_id))


class Split(Move):
    """Split a part of the case off into a new one."""

    path, action, serializer = "split", "split", SplitSerializer
    made = 0

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Make two of one."""
        new = commands.split(
            case_id=case.pk,
            message_id=content["message"],
            subject=content["subject"],
            kind=content["kind"],
            key=idempotency_key(self.request),
            actor=self.user,
            at=at,
        )
        self.made = new.pk

    def answer(self, case_id: int) -> Response:
        """The new case."""
        return super().answer(self.made or case_id)


class Link(Move):
    """Link the case with another one."""

    path, action, serializer = "link", "link", LinkSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Link it with a case that this person may see."""
        other = get_for(self.user, content["other"])
        commands.link(case_id=case.pk, other_id=other.pk, kind=content["kind"], actor=self.user, at=at)


class Unlink(Move):
    """Take a link away."""

    path, action, serializer = "unlink", "link", UnlinkSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Part it from a case that this person may see."""
        other = get_for(self.user, content["other"])
        commands.unlink(case_id=case.pk, other_id=other.pk, actor=self.user, at=at)


MOVES: list[type[Move]] = [described(move) for move in (Merge, Split, Link, Unlink)]
"""Every one of these moves, with its description in the schema."""
