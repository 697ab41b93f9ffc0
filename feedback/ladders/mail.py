"""The letter that tells a colleague of the alerts of one pass of the sweep: one for all of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from config.common import bulk
from config.common.mail import send_mail
from config.common.models import OutboxMessage, OutboxStatus, User
from config.common.outbox import Dropped
from feedback.ladders.words import say
from feedback.models import Alert

KIND = "alerts"
PASS = timedelta(seconds=15)  # the letter waits until the pass is over
SHOWN = 50


def put(users: Iterable[int], *, at: datetime) -> None:
    """Have each of them get one letter with what the pass at `at` alerted them of."""
    wanted = {f"alerts:{user}:{at.isoformat()}": user for user in sorted(users)}
    if not wanted:
        return
    gone = OutboxMessage.objects.filter(key__in=wanted).exclude(status=OutboxStatus.PENDING)
    for key in gone.values_list("key", flat=True):  # a long pass: this colleague gets a second one
        user = wanted.pop(key)
        wanted[f"{key}:{Alert.objects.filter(user=user, at=at).count()}"] = user
    bulk.insert(
        OutboxMessage,
        [
            OutboxMessage(
                kind=KIND,
                key=key,
                recipient=f"user:{user}",
                payload={"user": user, "at": at.isoformat()},
                created_at=at,
                next_attempt_at=at + PASS,
            )
            for key, user in wanted.items()
        ],
        skip_known=True,
    )


def send(message: OutboxMessage) -> None:
    """Send such a letter, in the language of the house.

    Raises:
        Dropped: the account is closed or has no e-mail, or everything was read on the desk already.
    """
    user = User.objects.filter(pk=message.payload["user"], is_active=True).first()
    if user is None or not user.email:
        raise Dropped("the account is closed or has no e-mail")
    alerts = Alert.objects.filter(
        user=user, at=datetime.fromisoformat(message.payload["at"]), read_at=None
    ).select_related("case")
    number = alerts.count()
    if not number:
        raise Dropped("everything was read already")
    with translation.override(settings.LANGUAGE_CODE):
        lines = [
            {
                "case": alert.case,
                "what": say(alert),
                "url": settings.PUBLIC_URL + reverse("admin:case", args=[alert.case_id]),
            }
            for alert in alerts.order_by("case_id", "id")[:SHOWN]
        ]
        text = render_to_string(
            "feedback/alerts.txt", {"user": user, "lines": lines, "more": number - len(lines)}
        )
        subject = ngettext("%(number)s case needs you", "%(number)s cases need you", number) % {
            "number": number
        }
    send_mail(to=user.email, subject=subject, text=text, request_id=str(message.request_id))
