"""What visitors and members do in the shop, sent to us signed, a thousand events at a time."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.signed import ShopView
from config.common.api import describe
from config.common.errors import Invalid
from config.common.signed import HEADERS, SignedAPIView
from feedback.api.inbound import told_by
from feedback.behaviour import rules, taking_in
from feedback.behaviour.taking_in import Result
from feedback.models import BehaviourHint, BehaviourName, Scope
from feedback.models.behaviour import NUMBER

MEGABYTES_2 = 2 * 1024 * 1024


class BehaviourEventSerializer(serializers.Serializer[Any]):
    """One event. Rows are read by `behaviour.rules.read`, which says the same more quickly."""

    external_id = serializers.CharField(max_length=NUMBER, help_text="The event's number: it is taken once.")
    name = serializers.ChoiceField(choices=BehaviourName.choices)
    at = serializers.DateTimeField(help_text="With its zone; five minutes ahead of us at most.")
    member = serializers.CharField(
        required=False, max_length=NUMBER, help_text="The member's number; without it there is a visitor."
    )
    visitor = serializers.CharField(
        required=False,
        max_length=NUMBER,
        help_text="By which you know a device again. With a member: they signed in on it.",
    )
    session = serializers.CharField(required=False, max_length=NUMBER)
    product = serializers.CharField(required=False, max_length=NUMBER, help_text="Its number.")
    order = serializers.CharField(required=False, max_length=NUMBER, help_text="Its number.")
    amount_fen = serializers.IntegerField(required=False, min_value=0, max_value=rules.MOST_FEN)
    query = serializers.CharField(required=False, help_text="What was searched for; 200 characters are kept.")
    hints = serializers.ListField(
        child=serializers.ChoiceField(choices=BehaviourHint.choices),
        required=False,
        help_text="How it was done.",
    )
    device = serializers.CharField(required=False, max_length=rules.SHORT)
    channel = serializers.CharField(required=False, max_length=rules.SHORT)
    page = serializers.CharField(required=False, help_text="200 characters are kept.")


ASKED = inline_serializer("BehaviourEvents", {"events": BehaviourEventSerializer(many=True)})
VERDICTS = [taking_in.TAKEN, taking_in.REPEATED, taking_in.REFUSED]
RESULTS = inline_serializer(
    "TakenBehaviour",
    {
        "taken": serializers.IntegerField(),
        "repeated": serializers.IntegerField(help_text="Known already: counted once."),
        "refused": serializers.IntegerField(),
        "results": inline_serializer(
            "TakenBehaviourEvent",
            {
                "external_id": serializers.CharField(),
                "result": serializers.ChoiceField(choices=VERDICTS),
                "why": serializers.CharField(help_text="Why it was refused; empty otherwise."),
            },
            many=True,
        ),
    },
)


class ShopBehaviourView(ShopView):
    """What the shop saw."""

    most_bytes = MEGABYTES_2

    @describe(
        "What visitors and members did in the shop",
        "shop",
        RESULTS,
        *(400, 401, 413),
        request=ASKED,
        parameters=HEADERS,
        operation_id="behaviour",
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Take up to a thousand events; each says what became of it. A bad one stops none of the others."""
        content, _message_id, at = self.told(request)
        return _answer(taking_in.take_in(source=taking_in.SHOP, rows=_rows(content), at=at))


class InboundBehaviourView(SignedAPIView):
    """What another source saw, such as a mini program that has keys of its own."""

    @describe(
        "What visitors did, from another source",
        "inbound",
        RESULTS,
        *(400, 401, 404, 413),
        request=ASKED,
        parameters=HEADERS,
        operation_id="inbound_behaviour",
        auth=[],
    )
    def post(self, request: Request, source: str) -> Response:
        """Take up to a thousand events; each says what became of it."""
        at = timezone.now()
        found, content = told_by(request, source, Scope.BEHAVIOUR, at=at)
        return _answer(taking_in.take_in(source=found.code, rows=_rows(content), at=at))


def _rows(content: dict[str, Any]) -> list[Any]:
    rows = content.get("events")
    if not isinstance(rows, list) or not rows:
        raise Invalid(_("There are no events."), field="events")
    return rows


def _answer(results: list[Result]) -> Response:
    counts = dict.fromkeys((taking_in.TAKEN, taking_in.REPEATED, taking_in.REFUSED), 0)
    for one in results:
        counts[one.result] += 1
    told = [{"external_id": one.external_id, "result": one.result, "why": one.why} for one in results]
    return Response({**counts, "results": told})
