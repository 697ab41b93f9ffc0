from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from config.common.registry import PERIODIC, Periodic


class CommonConfig(AppConfig):
    """The shared kernel: event log, outbox, idempotency, staff accounts."""

    name = "config.common"
    label = "common"
    verbose_name = _("System")

    def ready(self) -> None:
        """Have beat show that it is alive; say who sends letters to staff."""
        from config.common import mail
        from config.common.outbox import SENDERS

        PERIODIC.append(Periodic("heartbeat", "common.heartbeat", every_seconds=30))
        SENDERS[mail.STAFF] = mail.send_to_staff
