"""Telling the shop's systems that a survey was answered, signed by Standard Webhooks.

Of a named answer at once, with its scores and without its words. Of anonymous ones only how many there were
in a week that is over, and not that when there were few: neither a moment nor a number of an answer leaves.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from config.common import outbox, webhooks
from config.common.http import post
from config.common.models import OutboxMessage
from config.common.outbox import Dropped, Refused
from surveys.models import Response
from surveys.questionnaires.rules import SCORED

KIND = "survey.webhook"
RECIPIENT = "shop"


def tell_answered(response: Response, at: datetime) -> None:
    """Put a named answer into the outbox. Call in its transaction."""
    if settings.SURVEY_WEBHOOK_URL:
        _put(f"response:{response.pk}", {"response": response.pk}, at)


def tell_counted(weeks: Iterable[tuple[int, date, int]], smallest: int, at: datetime) -> None:
    """Tell how many anonymous answers waves had in weeks that are over; of few not how many."""
    if not settings.SURVEY_WEBHOOK_URL:
        return
    for wave, week, count in weeks:
        told = count if count >= smallest else None
        _put(f"counted:{wave}:{week}", {"wave": wave, "week": str(week), "answers": told}, at)


def counts(week: date) -> list[tuple[int, date, int]]:
    """How many anonymous answers each wave had in a week."""
    rows = Response.objects.filter(is_anonymous=True, week=week).values("wave").annotate(count=Count("pk"))
    return [(row["wave"], week, row["count"]) for row in rows.order_by("wave")]


def _put(key: str, payload: Mapping[str, Any], at: datetime) -> None:
    outbox.put(KIND, key=f"{KIND}:{key}", recipient=RECIPIENT, payload=dict(payload), at=at)


def send(message: OutboxMessage) -> None:
    """Post one message of the outbox.

    Raises:
        Dropped: the answer is no more.
        Refused: no address is set any more, or the shop will never take it.
        OSError: the shop cannot take it now.
    """
    if not settings.SURVEY_WEBHOOK_URL:
        raise Refused("SURVEY_WEBHOOK_URL is not set")
    payload = message.payload
    content = _answered(payload["response"]) if "response" in payload else _counted(payload)
    body = json.dumps(content, ensure_ascii=False).encode()
    request_id = str(message.request_id)
    signed = webhooks.sign(
        settings.SURVEY_WEBHOOK_SECRETS[:1], message_id=request_id, at=timezone.now(), body=body
    )
    post(settings.SURVEY_WEBHOOK_URL, body, request_id=request_id, headers=signed)


def _answered(response_id: int) -> dict[str, Any]:
    found = Response.objects.select_related(
        "wave__campaign", "invitation__member", "invitation__case", "invitation__order", "follow_up"
    )
    response = found.filter(pk=response_id).first()
    if response is None or response.invitation is None or response.at is None:
        raise Dropped("the answer is no more")
    asked = response.invitation
    if asked.member is not None and asked.member.erased_at is not None:
        raise Dropped("the member was erased")
    scores = response.answers.filter(question__kind__in=SCORED).order_by("question__position")
    return {
        "type": "survey.answered",
        "timestamp": response.at.isoformat(),
        "data": {
            "campaign": response.wave.campaign.code,
            "wave": response.wave.label,
            "response": response.pk,
            "came": asked.way,
            "member": asked.member.external_id if asked.member else None,
            "order": asked.order.external_id if asked.order else None,
            "case": asked.case.number if asked.case else None,
            "follow_up": response.follow_up.number if response.follow_up else None,
            "scores": dict(scores.values_list("question__code", "score")),
        },
    }


def _counted(payload: Mapping[str, Any]) -> dict[str, Any]:
    wave = Response.objects.filter(wave=payload["wave"]).values_list("wave__campaign__code", "wave__label")
    code, label = wave.first() or (None, None)
    if code is None:
        raise Dropped("the answers are no more")
    return {
        "type": "survey.counted",
        "timestamp": payload["week"],
        "data": {"campaign": code, "wave": label, "week": payload["week"], "answers": payload["answers"]},
    }
