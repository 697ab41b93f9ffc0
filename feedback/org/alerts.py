"""Telling colleagues about a case: on their desk at once, by e-mail through the outbox."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext

from config.common.mail import tell_staff
from config.common.models import User
from feedback.models import Alert, Case


def alert(
    *,
    users: Iterable[User],
    case: Case,
    kind: str,
    key: str,
    title: Promise,
    at: datetime,
    data: dict[str, Any] | None = None,
) -> None:
    """Alert some colleagues, each once for one `key`; `data` fills the placeholders in the title.

    Call inside the transaction of what they are told of.
    """
    people = list({user.pk: user for user in users}.values())
    with translation.override(None):
        known = {"number": case.number, **(data or {}), "title": str(title)}
    Alert.objects.bulk_create(
        [
            Alert(key=f"{key}:{user.pk}", user=user, case=case, kind=kind, data=known, at=at)
            for user in people
        ],
        ignore_conflicts=True,
    )
    with translation.override(settings.LANGUAGE_CODE):
        subject = str(title) % known
    page = settings.PUBLIC_URL + reverse("admin:case", args=[case.pk])
    for user in people:
        tell_staff(
            user=user,
            key=f"alert:{key}:{user.pk}",
            subject=subject,
            body=f"{case.number} {case.subject}\n{page}",
            at=at,
        )


def say(alert: Alert) -> str:
    """What an alert of this module says, in the language of the moment; empty for another's."""
    title = alert.data.get("title", "")
    return gettext(title) % alert.data if title else ""
