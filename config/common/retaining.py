"""How long the kernel keeps what: sent messages name people, and old keys guard nothing any more."""

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.models import OutboxStatus
from config.common.retention import Kind, Part

SHORTEST = _("Personal Information Protection Law, article 19: no longer than the purpose needs.")

KINDS = [
    Kind(
        code="outbox",
        name=_("messages that were sent"),
        days=settings.OUTBOX_KEEP_DAYS,
        source=SHORTEST,
        parts=[
            Part(  # dead letters stay until somebody has looked at them
                label="common.OutboxMessage",
                at="created_at",
                only=Q(status__in=[OutboxStatus.SENT, OutboxStatus.DROPPED]),
            )
        ],
    ),
    Kind(
        code="idempotency",
        name=_("keys of requests"),
        days=settings.IDEMPOTENCY_KEEP_DAYS,
        source=_("So long a repeated request is recognised."),
        parts=[Part(label="common.IdempotencyKey", at="created_at")],
    ),
]
