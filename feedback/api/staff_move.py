"""One POST for each thing that staff can do with a case: how each of them works."""

from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from config.common.api import IDEMPOTENCY_KEY, describe
from feedback.api.staff import StaffView
from feedback.api.staff_serializers import (
    StaffCaseDetailSerializer,
)
from feedback.cases.queries import actions_for, get_for
from feedback.models import Case


class Move(StaffView):
    """Something done to a case: seen at all, allowed to this person now, then one command."""

    path: ClassVar[str]
    action: ClassVar[str]
    serializer: ClassVar[type[Any] | None] = None

    def post(self, request: Request, pk: int) -> Response:
        """Do it and give the case as it then stands."""
        case = get_for(self.user, pk)
        content: dict[str, Any] = {}
        if self.serializer is not None:
            asked = self.serializer(data=request.data)
            asked.is_valid(raise_exception=True)
            content = asked.validated_data
        actions_for(case, self.user).check(self.action_for(content))
        self.perform(case, content, timezone.now())
        return self.answer(pk)

    def action_for(self, _content: dict[str, Any]) -> str:
        """The action's name, by which the permission goes."""
        return self.action

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Call the command."""
        raise NotImplementedError


KEYED = ("reply", "split")  # those that take a client's key


def described(move: type[Move]) -> type[Move]:
    """Describe a move in the schema."""
    replies = move.path in KEYED
    of_post = describe(
        str(move.__doc__).rstrip("."),
        "staff",
        StaffCaseDetailSerializer,
        *(400, 403, 404, 409, 415),
        *((422,) if replies else ()),
        request=move.serializer,
        parameters=[IDEMPOTENCY_KEY] if replies else [],
        operation_id=f"staff_cases_{move.path.replace('-', '_')}",
    )
    return extend_schema_view(post=of_post)(move)
